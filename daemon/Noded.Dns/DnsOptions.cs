using System.Collections.Immutable;
using System.Net;
using Noded.Primitives;

namespace Noded.Dns;

/// <summary>What the cluster's DNS server answers for, and where.</summary>
/// <param name="Domain">The last part of the cluster's names: <c>cluster.local</c>.</param>
/// <param name="Addresses">Where pods ask; put on the loopback link while the node is there.</param>
/// <param name="ReverseRanges">Addresses of Services and pods: questions for their names are never passed on.</param>
/// <param name="Marker">The file that tells which addresses of the loopback link are ours.</param>
public sealed record DnsOptions(
    string Domain, ImmutableArray<IPAddress> Addresses, ImmutableArray<IPPrefix> ReverseRanges, string Marker)
{
    public const int StandardPort = 53;

    /// <summary>The same for UDP and TCP; 0 lets the kernel choose, for a single address.</summary>
    public int Port { get; init; } = StandardPort;

    /// <summary>Whether the addresses are put on the loopback link: not those that it has anyway.</summary>
    public bool AddsAddresses { get; init; } = true;

    /// <summary>The address that clusters give their DNS server: the tenth of the Services'. Null when the range is smaller.</summary>
    public static IPAddress? DefaultAddress(IPPrefix services)
    {
        byte[] bytes = services.Network.Address.GetAddressBytes();
        bytes[^1] += 10;
        IPAddress address = new(bytes);
        return services.Contains(address) ? address : null;
    }
}
