using System.Text.Json.Serialization;
using Noded.Cni.Plugins.Bandwidth;
using Noded.Cni.Plugins.Bridge;
using Noded.Cni.Plugins.HostLocal;
using Noded.Cni.Plugins.Macvlan;
using Noded.Cni.Plugins.PodNetwork;
using Noded.Cni.Plugins.Ptp;
using Noded.Cni.Plugins.Static;
using Noded.Cni.Plugins.Tuning;

namespace Noded.Cni.Plugins;

/// <summary>The plugins' configurations as JSON, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(IPPrefixConverter), typeof(IPAddressConverter), typeof(MacAddressConverter)])]
[JsonSerializable(typeof(BandwidthConfig))]
[JsonSerializable(typeof(BridgeConfig))]
[JsonSerializable(typeof(HostLocalConfig))]
[JsonSerializable(typeof(MacvlanConfig))]
[JsonSerializable(typeof(PodNetworkConfig))]
[JsonSerializable(typeof(PtpConfig))]
[JsonSerializable(typeof(StaticConfig))]
[JsonSerializable(typeof(TuningBackup))]
[JsonSerializable(typeof(TuningConfig))]
internal sealed partial class PluginJson : JsonSerializerContext;
