using System.Text.Json;
using Noded.Cni.Plugins.Interfaces;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Bridge;

/// <summary>A call's configuration, completed and checked.</summary>
internal sealed record BridgeRequest(BridgeConfig Config, string BridgeName, MacAddress? Mac)
{
    // IFNAMSIZ with the final zero.
    private const int MaxNameLength = 15;

    internal bool IsGateway => Config.IsGateway || Config.IsDefaultGateway;

    internal uint? Mtu => Config.Mtu == 0 ? null : Config.Mtu;

    internal string? IpamType => string.IsNullOrEmpty(Config.Ipam?.Type) ? null : Config.Ipam.Type;

    /// <exception cref="CniException">Settings contradict each other or are not supported.</exception>
    internal static BridgeRequest Create(CniRequest request)
    {
        BridgeConfig config = request.Read(PluginJson.Default.BridgeConfig);

        if (config is { HairpinMode: true, PromiscMode: true })
        {
            throw Invalid("cannot set hairpin mode and promiscuous mode at the same time");
        }

        if (config.DisableContainerInterface && !string.IsNullOrEmpty(config.Ipam?.Type))
        {
            throw Invalid("cannot use IPAM when disableContainerInterface is set");
        }

        if (config.Bridge is { Length: > MaxNameLength })
        {
            throw Invalid($"the bridge's name is longer than {MaxNameLength} characters");
        }

        Refuse("vlan", config.Vlan, config.Vlan is { ValueKind: JsonValueKind.Number } vlan && vlan.GetRawText() == "0");
        Refuse("vlanTrunk", config.VlanTrunk, config.VlanTrunk is { ValueKind: JsonValueKind.Array } trunk && trunk.GetArrayLength() == 0);
        Refuse("macspoofchk", config.Macspoofchk, config.Macspoofchk is { ValueKind: JsonValueKind.False });
        return new BridgeRequest(
            config,
            string.IsNullOrEmpty(config.Bridge) ? BridgeConfig.DefaultBridge : config.Bridge,
            RequestedMac.Of(request, config.RuntimeConfig?.Mac, config.Args?.Cni?.Mac, config.Mac));
    }

    private static void Refuse(string key, JsonElement? value, bool isOff)
    {
        if (value is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } element && !isOff)
        {
            throw new CniException(
                CniErrorCode.UnsupportedField, $"unsupported field: key: {key}, value: {element.GetRawText()}");
        }
    }

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidNetworkConfig, message);
}
