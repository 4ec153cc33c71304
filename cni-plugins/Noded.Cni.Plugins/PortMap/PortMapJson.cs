using System.Text.Json.Serialization;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>Reads the plugin's configuration without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PortMapConfig))]
internal sealed partial class PortMapJson : JsonSerializerContext;
