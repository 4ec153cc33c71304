namespace Noded.ServiceProxy.Datapath;

/// <summary>Sizes of the maps; a size that is pinned already stays as it is.</summary>
public sealed record DatapathOptions
{
    /// <summary>Addresses of Services: cluster IPs, external and load balancer IPs, node ports.</summary>
    public uint MaxFrontends { get; init; } = 65536;

    /// <summary>Endpoints, counted once for each port of a Service.</summary>
    public uint MaxBackends { get; init; } = 131072;

    /// <summary>Entries of all lists; twice the endpoints and room for what is being replaced.</summary>
    public uint MaxSlots { get; init; } = 524288;

    /// <summary>Clients whose backend is remembered (sessionAffinity: ClientIP).</summary>
    public uint MaxAffinities { get; init; } = 65536;

    public uint MaxSourceRanges { get; init; } = 16384;

    /// <summary>Sockets with this mark are not translated: the daemon's own; 0 for none.</summary>
    public uint UntranslatedMark { get; init; }
}
