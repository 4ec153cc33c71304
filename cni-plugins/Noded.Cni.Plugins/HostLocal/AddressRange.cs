using System.Buffers.Binary;
using System.Net;
using Noded.Primitives;

namespace Noded.Cni.Plugins.HostLocal;

/// <summary>Addresses of one subnet that may be given out, both ends included.</summary>
/// <param name="Gateway">Never given out; null when there is none.</param>
internal sealed record AddressRange(IPPrefix Subnet, UInt128 First, UInt128 Last, IPAddress? Gateway)
{
    private const int V4Bytes = 4;

    /// <summary>Completes and checks a range as the reference plugin does.</summary>
    /// <exception cref="CniException">Code 7; the message says which field is wrong.</exception>
    internal static AddressRange Create(HostLocalRange range)
    {
        IPPrefix subnet = range.Subnet ?? throw Invalid("missing field \"subnet\" in range configuration");
        int bits = subnet.IsV6 ? 128 : 32;

        if (subnet.Network != subnet)
        {
            throw Invalid($"network has host bits set. For a subnet mask of length {subnet.Length} the network address is {subnet.Network.Address}");
        }

        // The network, the broadcast, a gateway and at least one more.
        if (subnet.Length > bits - 2)
        {
            throw Invalid($"network {subnet} too small to allocate from");
        }

        UInt128 network = NumberOf(subnet.Address);
        UInt128 end = network + ((UInt128.One << (bits - subnet.Length)) - 1);
        UInt128 first = range.RangeStart is null ? network + 1 : Within("rangeStart", range.RangeStart, subnet);
        // IPv4 keeps its broadcast address; IPv6 has none.
        UInt128 last = range.RangeEnd is null ? end - (subnet.IsV6 ? 0u : 1u) : Within("rangeEnd", range.RangeEnd, subnet);

        if (first > last)
        {
            throw Invalid($"rangeStart {range.RangeStart} is behind rangeEnd {range.RangeEnd}");
        }

        IPAddress gateway = range.Gateway ?? AddressOf(network + 1, subnet.IsV6);
        return new AddressRange(subnet, first, last, gateway);
    }

    internal bool Contains(IPAddress address) =>
        address.AddressFamily == Subnet.Address.AddressFamily
        && NumberOf(address) is UInt128 number
        && number >= First
        && number <= Last;

    internal bool Overlaps(AddressRange other) =>
        Subnet.IsV6 == other.Subnet.IsV6 && First <= other.Last && other.First <= Last;

    internal IPAddress AddressAt(UInt128 number) => AddressOf(number, Subnet.IsV6);

    internal static UInt128 NumberOf(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        return bytes.Length == V4Bytes
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static IPAddress AddressOf(UInt128 number, bool isV6)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(isV6 ? bytes : bytes[^V4Bytes..]);
    }

    private static UInt128 Within(string field, IPAddress address, IPPrefix subnet) =>
        subnet.Contains(address)
            ? NumberOf(address)
            : throw Invalid($"{field} {address} not in network {subnet}");

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidNetworkConfig, message);
}
