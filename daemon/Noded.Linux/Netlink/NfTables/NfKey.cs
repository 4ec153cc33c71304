using System.Buffers.Binary;
using System.Net;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>A key or value of a set as registers hold it: fields in network order, each padded to four bytes.</summary>
public sealed class NfKey : IEquatable<NfKey>
{
    private readonly byte[] _bytes;

    private NfKey(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public static NfKey Of(IPAddress address) => new(address.GetAddressBytes());

    /// <summary>An IPPROTO_*; only for concatenations, because of its padding.</summary>
    public static NfKey OfProtocol(byte protocol) => new([protocol, 0, 0, 0]);

    /// <summary>A port; only for concatenations, because of its padding.</summary>
    public static NfKey OfPort(ushort port)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, port);
        return new NfKey(bytes);
    }

    /// <summary>What the kernel returned.</summary>
    public static NfKey OfBytes(ReadOnlySpan<byte> bytes) => new(bytes.ToArray());

    /// <summary>This and then <paramref name="next"/>.</summary>
    public NfKey Then(NfKey next) => new([.. _bytes, .. next._bytes]);

    /// <summary>The address at an offset; null when the key is too short.</summary>
    public IPAddress? TryGetAddress(int offset, bool isV6)
    {
        int length = isV6 ? 16 : 4;
        return offset + length <= _bytes.Length ? new IPAddress(_bytes.AsSpan(offset, length)) : null;
    }

    /// <summary>The port at an offset; null when the key is too short.</summary>
    public ushort? TryGetPort(int offset) =>
        BinaryPrimitives.TryReadUInt16BigEndian(_bytes.AsSpan(Math.Min(offset, _bytes.Length)), out ushort port)
            ? port
            : null;

    public bool Equals(NfKey? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => Equals(obj as NfKey);

    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    public override string ToString() => Convert.ToHexStringLower(_bytes);
}
