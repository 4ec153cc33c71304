using System.Text.Json.Serialization;
using Noded.Cni.Plugins.Bridge;
using Noded.Cni.Plugins.HostLocal;
using Noded.Cni.Plugins.PodNetwork;
using Noded.Cni.Plugins.Ptp;

namespace Noded.Cni.Plugins;

/// <summary>The plugins' configurations as JSON, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    Converters = [typeof(IPPrefixConverter), typeof(IPAddressConverter), typeof(MacAddressConverter)])]
[JsonSerializable(typeof(BridgeConfig))]
[JsonSerializable(typeof(HostLocalConfig))]
[JsonSerializable(typeof(PodNetworkConfig))]
[JsonSerializable(typeof(PtpConfig))]
internal sealed partial class PluginJson : JsonSerializerContext;
