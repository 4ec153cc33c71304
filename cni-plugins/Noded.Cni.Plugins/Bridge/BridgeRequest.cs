using System.Text.Json;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Bridge;

/// <summary>A call's configuration, completed and checked.</summary>
internal sealed record BridgeRequest(BridgeConfig Config, string BridgeName, MacAddress? Mac)
{
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

        Refuse("vlan", config.Vlan, config.Vlan is { ValueKind: JsonValueKind.Number } vlan && vlan.GetRawText() == "0");
        Refuse("vlanTrunk", config.VlanTrunk, config.VlanTrunk is { ValueKind: JsonValueKind.Array } trunk && trunk.GetArrayLength() == 0);
        Refuse("macspoofchk", config.Macspoofchk, config.Macspoofchk is { ValueKind: JsonValueKind.False });
        return new BridgeRequest(
            config,
            string.IsNullOrEmpty(config.Bridge) ? BridgeConfig.DefaultBridge : config.Bridge,
            MacOf(request, config));
    }

    /// <summary>The latest that anybody asked for: runtime capability, then arguments, then the configuration.</summary>
    private static MacAddress? MacOf(CniRequest request, BridgeConfig config)
    {
        if (config.RuntimeConfig?.Mac is MacAddress capability)
        {
            return capability;
        }

        if (request.Arguments.Extra.TryGetValue("MAC", out string? text) && text.Length > 0)
        {
            return MacAddress.TryParse(text, out MacAddress argument)
                ? argument
                : throw new CniException(CniErrorCode.InvalidEnvironmentVariables, $"CNI_ARGS: MAC \"{text}\" is no MAC address");
        }

        return config.Args?.Cni?.Mac ?? config.Mac;
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
