using System.Text.Json.Serialization;

using k8s.Models;

namespace Noded.Api.Serialization;

/// <summary>
/// The types we read and write, each one paid for in the binary: the library's own context roots the whole API.
/// </summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(ApiTimeConverter)])]
[JsonSerializable(typeof(V1Pod))]
[JsonSerializable(typeof(V1PodList))]
internal sealed partial class ApiJsonContext : JsonSerializerContext;
