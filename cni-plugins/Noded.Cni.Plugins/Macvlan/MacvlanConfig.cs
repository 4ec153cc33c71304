using Noded.Cni.Plugins.Interfaces;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Macvlan;

/// <summary>The macvlan plugin's configuration.</summary>
internal sealed record MacvlanConfig
{
    /// <summary>The parent; without one it is the link of the default route.</summary>
    public string? Master { get; init; }

    public string? Mode { get; init; }

    /// <summary>0 takes the parent's.</summary>
    public long Mtu { get; init; }

    /// <summary>The parent is in the container's namespace already.</summary>
    public bool LinkInContainer { get; init; }

    public MacAddress? Mac { get; init; }

    public MacvlanIpam? Ipam { get; init; }

    public MacWish? RuntimeConfig { get; init; }

    public MacArgs? Args { get; init; }
}

/// <summary>Whose plugin gives addresses; without a type there are none.</summary>
internal sealed record MacvlanIpam
{
    public string? Type { get; init; }
}
