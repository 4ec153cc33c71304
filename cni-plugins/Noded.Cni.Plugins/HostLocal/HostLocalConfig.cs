using System.Net;
using Noded.Cni.Results;
using Noded.Primitives;

namespace Noded.Cni.Plugins.HostLocal;

/// <summary>The part of a network's configuration that host-local reads.</summary>
internal sealed record HostLocalConfig
{
    public string? Name { get; init; }

    public HostLocalIpam? Ipam { get; init; }

    public HostLocalRuntimeConfig? RuntimeConfig { get; init; }

    public HostLocalArgs? Args { get; init; }
}

/// <summary><c>ipam</c>: either one range in line, or sets of ranges, or both.</summary>
internal sealed record HostLocalIpam
{
    public IPPrefix? Subnet { get; init; }

    public IPAddress? RangeStart { get; init; }

    public IPAddress? RangeEnd { get; init; }

    public IPAddress? Gateway { get; init; }

    /// <summary>The container gets one address of each set.</summary>
    public IReadOnlyList<IReadOnlyList<HostLocalRange>>? Ranges { get; init; }

    public IReadOnlyList<CniRoute>? Routes { get; init; }

    /// <summary>A resolver configuration to hand on.</summary>
    public string? ResolvConf { get; init; }

    public string? DataDir { get; init; }
}

/// <summary>A range as it is written; null means derived from the subnet.</summary>
internal sealed record HostLocalRange
{
    public IPPrefix? Subnet { get; init; }

    public IPAddress? RangeStart { get; init; }

    public IPAddress? RangeEnd { get; init; }

    public IPAddress? Gateway { get; init; }
}

/// <summary>What the runtime fills in for capabilities.</summary>
internal sealed record HostLocalRuntimeConfig
{
    /// <summary>Capability <c>ipRanges</c>: before those of the configuration.</summary>
    public IReadOnlyList<IReadOnlyList<HostLocalRange>>? IpRanges { get; init; }

    /// <summary>Capability <c>ips</c>: addresses, with or without a prefix length.</summary>
    public IReadOnlyList<string>? Ips { get; init; }
}

/// <summary><c>args.cni</c>, the older way to ask for addresses.</summary>
internal sealed record HostLocalArgs
{
    public HostLocalCniArgs? Cni { get; init; }
}

/// <summary>See <see cref="HostLocalArgs"/>.</summary>
internal sealed record HostLocalCniArgs
{
    public IReadOnlyList<string>? Ips { get; init; }
}
