using System.Text.Json.Serialization;

using k8s.Models;

using Noded.Api.Serialization;

namespace Noded.Api.RuntimeClasses;

/// <summary>The type of runtime class manifests, beside those of <see cref="ApiJsonContext"/>.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(ApiTimeConverter)])]
[JsonSerializable(typeof(V1RuntimeClass))]
internal sealed partial class RuntimeClassJsonContext : JsonSerializerContext;
