namespace Noded.Cni.Plugins.Bandwidth;

/// <summary>The bandwidth plugin's configuration.</summary>
internal sealed record BandwidthConfig : BandwidthLimits
{
    public BandwidthRuntimeConfig? RuntimeConfig { get; init; }
}

/// <summary>Capability <c>bandwidth</c>.</summary>
internal sealed record BandwidthRuntimeConfig
{
    public BandwidthLimits? Bandwidth { get; init; }
}

/// <summary>Bits per second and bits, of what the container receives and what it sends; 0 is no limit.</summary>
internal record BandwidthLimits
{
    public ulong? IngressRate { get; init; }

    public ulong? IngressBurst { get; init; }

    public ulong? EgressRate { get; init; }

    public ulong? EgressBurst { get; init; }
}
