using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Noded.ServiceProxy.Tests.Packets;

/// <summary>A packet by what matters of it; <see cref="Packet.ToFrame"/> computes every length and checksum afresh.</summary>
internal sealed record Packet(IPEndPoint Source, IPEndPoint Target)
{
    public byte Protocol { get; init; } = 17;

    public byte[] Payload { get; init; } = [];

    /// <summary>Of an IPv4 header; a multiple of 4 bytes.</summary>
    public byte[] Options { get; init; } = [];

    public byte Ttl { get; init; } = 64;

    /// <summary>TCP's.</summary>
    public byte Flags { get; init; } = 0x10;

    /// <summary>UDP over IPv4 without a checksum.</summary>
    public bool HasNoChecksum { get; init; }

    /// <summary>IPv4's flags and offset.</summary>
    public ushort Fragment { get; init; }

    /// <summary>An ICMP error: its type, with the packet it is about.</summary>
    public byte ErrorType { get; init; }

    public Packet? Quoted { get; init; }

    public bool IsV6 => Source.AddressFamily == AddressFamily.InterNetworkV6;

    public byte[] ToFrame()
    {
        byte[] ip = ToIP();
        byte[] frame = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, .. IsV6 ? new byte[] { 0x86, 0xdd } : [8, 0], .. ip];
        return frame.Length < 60 ? [.. frame, .. new byte[60 - frame.Length]] : frame;
    }

    private byte[] ToIP()
    {
        byte[] inner = ToTransport();
        byte[] header = IsV6 ? new byte[40] : new byte[20 + Options.Length];
        if (IsV6)
        {
            header[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)inner.Length);
            (header[6], header[7]) = (ProtocolNumber, Ttl);
            Source.Address.TryWriteBytes(header.AsSpan(8), out _);
            Target.Address.TryWriteBytes(header.AsSpan(24), out _);
        }
        else
        {
            header[0] = (byte)(0x40 | (header.Length / 4));
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(header.Length + inner.Length));
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), Fragment);
            (header[8], header[9]) = (Ttl, ProtocolNumber);
            Source.Address.TryWriteBytes(header.AsSpan(12), out _);
            Target.Address.TryWriteBytes(header.AsSpan(16), out _);
            Options.CopyTo(header, 20);
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), Checksum(header));
        }

        return [.. header, .. inner];
    }

    private byte ProtocolNumber => Quoted is null ? Protocol : IsV6 ? (byte)58 : (byte)1;

    private byte[] ToTransport()
    {
        byte[] bytes;
        int checksumAt;
        if (Quoted is not null)
        {
            // The header and 8 bytes, as every router quotes at least.
            byte[] quoted = Quoted.ToIP();
            int length = (IsV6 ? 40 : 20 + Quoted.Options.Length) + 8;
            bytes = [ErrorType, 0, 0, 0, 0, 0, 5, 0xdc, .. quoted[..length]];
            checksumAt = 2;
        }
        else if (Protocol == 6)
        {
            bytes = new byte[20 + Payload.Length];
            (bytes[4], bytes[12], bytes[13]) = (7, 0x50, Flags);
            Payload.CopyTo(bytes, 20);
            checksumAt = 16;
        }
        else
        {
            bytes = new byte[8 + Payload.Length];
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)bytes.Length);
            Payload.CopyTo(bytes, 8);
            checksumAt = 6;
        }

        if (Quoted is null)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)Source.Port);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)Target.Port);
        }

        if (!HasNoChecksum)
        {
            bool hasPseudoHeader = IsV6 || Quoted is null;
            ushort checksum = Checksum(hasPseudoHeader ? [.. PseudoHeader(bytes.Length), .. bytes] : bytes);
            checksum = checksum == 0 && ProtocolNumber == 17 ? (ushort)0xffff : checksum;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(checksumAt), checksum);
        }

        return bytes;
    }

    private byte[] PseudoHeader(int length) =>
    [
        .. Source.Address.GetAddressBytes(),
        .. Target.Address.GetAddressBytes(),
        0, ProtocolNumber, (byte)(length >> 8), (byte)length,
    ];

    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            sum += (uint)bytes[i] << (i % 2 == 0 ? 8 : 0);
        }

        while (sum > 0xffff)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
