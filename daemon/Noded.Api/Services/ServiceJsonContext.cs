using System.Text.Json.Serialization;

using k8s.Models;

using Noded.Api.Serialization;

namespace Noded.Api.Services;

/// <summary>The types of service manifests, beside those of <see cref="ApiJsonContext"/>.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(ApiTimeConverter)])]
[JsonSerializable(typeof(V1Service))]
[JsonSerializable(typeof(V1EndpointSlice))]
internal sealed partial class ServiceJsonContext : JsonSerializerContext;
