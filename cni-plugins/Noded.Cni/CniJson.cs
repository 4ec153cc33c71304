using System.Text.Json.Serialization;
using Noded.Cni.Results;

namespace Noded.Cni;

/// <summary>Everything that Noded.Cni itself reads or writes as JSON, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(IPPrefixConverter), typeof(IPAddressConverter), typeof(MacAddressConverter)])]
[JsonSerializable(typeof(NetworkConfig))]
[JsonSerializable(typeof(ValidAttachment[]))]
[JsonSerializable(typeof(CniResult))]
[JsonSerializable(typeof(CniErrorDocument))]
[JsonSerializable(typeof(CniVersionDocument))]
internal sealed partial class CniJson : JsonSerializerContext;
