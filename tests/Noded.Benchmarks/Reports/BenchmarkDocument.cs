using System.Text.Json.Serialization;

namespace Noded.Benchmarks.Reports;

/// <summary>The file's shape.</summary>
/// <param name="Reasons">For every metric and peer that is null.</param>
internal sealed record BenchmarkDocument(
    string Name,
    Machine Machine,
    int Samples,
    Dictionary<string, double?> Metrics,
    Dictionary<string, double?> Peers,
    Dictionary<string, string> Reasons);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BenchmarkDocument))]
internal sealed partial class BenchmarkJson : JsonSerializerContext;
