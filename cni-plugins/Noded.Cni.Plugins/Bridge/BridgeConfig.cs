using System.Text.Json;
using Noded.Cni.Plugins.Interfaces;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Bridge;

/// <summary>The bridge plugin's configuration.</summary>
internal sealed record BridgeConfig
{
    internal const string DefaultBridge = "cni0";

    /// <summary>The link's name.</summary>
    public string? Bridge { get; init; }

    /// <summary>The bridge has the addresses' gateway.</summary>
    public bool IsGateway { get; init; }

    /// <summary>And the container's default route leads there; implies <see cref="IsGateway"/>.</summary>
    public bool IsDefaultGateway { get; init; }

    /// <summary>Takes other addresses of the family off the bridge instead of refusing.</summary>
    public bool ForceAddress { get; init; }

    public bool IpMasq { get; init; }

    /// <summary>0 leaves it to the kernel.</summary>
    public uint Mtu { get; init; }

    public bool HairpinMode { get; init; }

    public bool PromiscMode { get; init; }

    /// <summary>Containers see the gateway, not each other.</summary>
    public bool PortIsolation { get; init; }

    /// <summary>IPv6: wait until duplicate address detection is through.</summary>
    public bool Enabledad { get; init; }

    /// <summary>The container's link stays down and without addresses.</summary>
    public bool DisableContainerInterface { get; init; }

    public MacAddress? Mac { get; init; }

    public BridgeIpam? Ipam { get; init; }

    public MacWish? RuntimeConfig { get; init; }

    public MacArgs? Args { get; init; }

    /// <summary>VLANs are not supported; they are here to be refused.</summary>
    public JsonElement? Vlan { get; init; }

    public JsonElement? VlanTrunk { get; init; }

    public JsonElement? Macspoofchk { get; init; }
}

/// <summary>Whose plugin gives addresses; without a type there are none.</summary>
internal sealed record BridgeIpam
{
    public string? Type { get; init; }
}
