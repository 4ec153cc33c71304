using System.Net;
using Noded.Cni.Results;

namespace Noded.Cni.Plugins.Static;

/// <summary>The part of a network's configuration that static reads.</summary>
internal sealed record StaticConfig
{
    public StaticIpam? Ipam { get; init; }

    public StaticWish? RuntimeConfig { get; init; }

    public StaticArgs? Args { get; init; }
}

/// <summary><c>ipam</c>.</summary>
internal sealed record StaticIpam
{
    public IReadOnlyList<StaticAddress>? Addresses { get; init; }

    public IReadOnlyList<CniRoute>? Routes { get; init; }

    public CniDns? Dns { get; init; }
}

/// <summary>An address as it is written.</summary>
internal sealed record StaticAddress
{
    public string? Address { get; init; }

    public IPAddress? Gateway { get; init; }
}

/// <summary>Capability <c>ips</c>: addresses with prefix lengths.</summary>
internal sealed record StaticWish
{
    public IReadOnlyList<string>? Ips { get; init; }
}

/// <summary><c>args.cni</c>, the older way to ask for addresses.</summary>
internal sealed record StaticArgs
{
    public StaticWish? Cni { get; init; }
}
