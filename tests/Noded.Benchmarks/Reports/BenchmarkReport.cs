using System.Collections.Immutable;
using System.Text.Json;

namespace Noded.Benchmarks.Reports;

/// <summary>What one run of a benchmark found; design/benchmarks.md has the format.</summary>
internal sealed record BenchmarkReport(
    string Name, Machine Machine, int Samples, ImmutableArray<Metric> Metrics, ImmutableArray<Metric> Peers)
{
    /// <summary>Writes <c>NAME.json</c> and prints a line per metric. A missed goal is no failure.</summary>
    internal async Task PublishAsync(string directory, TextWriter output, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        string file = Path.Combine(directory, Name + ".json");
        await File.WriteAllBytesAsync(
            file, JsonSerializer.SerializeToUtf8Bytes(ToDocument(), BenchmarkJson.Default.BenchmarkDocument), cancellationToken);

        foreach (Metric metric in Metrics)
        {
            await output.WriteLineAsync(metric.ToString());
        }

        foreach (Metric peer in Peers)
        {
            await output.WriteLineAsync($"peer {peer}");
        }

        await output.WriteLineAsync(file);
    }

    private BenchmarkDocument ToDocument() => new(
        Name,
        Machine,
        Samples,
        Metrics.ToDictionary(metric => metric.Name, metric => metric.Value),
        Peers.ToDictionary(peer => peer.Name, peer => peer.Value),
        Metrics.Concat(Peers)
            .Where(metric => metric.Reason is not null)
            .ToDictionary(metric => metric.Name, metric => metric.Reason!)); // not null by the line above
}
