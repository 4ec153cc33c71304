using System.Collections.Immutable;
using System.Net;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Inspection;

/// <summary>One port of a Service as it is in the data path, for those who show it.</summary>
/// <param name="Endpoints">All that some client may be led to.</param>
/// <param name="Affinity">How long a client stays with its endpoint; zero for not at all.</param>
/// <param name="SourceRanges">Who may use the addresses that check it; empty for everybody.</param>
public sealed record ServiceView(
    ServicePortName Name,
    ImmutableArray<AddressView> Addresses,
    ImmutableArray<EndpointView> Endpoints,
    TimeSpan Affinity,
    ImmutableArray<IPPrefix> SourceRanges);

/// <summary>An address of a Service.</summary>
/// <param name="Address">Null for a node port: every address of this node.</param>
/// <param name="Internal">What clients of this node and its pods meet.</param>
/// <param name="External">What clients outside meet.</param>
public sealed record AddressView(IPAddress? Address, ushort Port, ListView Internal, ListView External, bool ChecksSource)
{
    public override string ToString() => Address is null ? $"*:{Port}" : new IPEndPoint(Address, Port).ToString();
}

/// <summary>Which endpoints an address leads to.</summary>
/// <param name="IsLocal">Those on this node alone.</param>
/// <param name="IsRefusedWhenEmpty">Else packets are dropped.</param>
public readonly record struct ListView(bool IsLocal, bool IsRefusedWhenEmpty);

/// <summary>An endpoint of a Service.</summary>
/// <param name="Connections">How often it was chosen since it came.</param>
/// <param name="IsInCluster">It is in the list for everybody.</param>
/// <param name="IsInLocal">It is in the list of this node's endpoints.</param>
public sealed record EndpointView(Backend Backend, ulong Connections, bool IsInCluster, bool IsInLocal);
