using System.Collections.Immutable;

namespace Noded.Benchmarks.Reports;

/// <summary>Percentiles by nearest rank: every answer is one of the samples.</summary>
internal sealed class Percentiles(IEnumerable<double> samples)
{
    private const int SamplesForP99 = 1000;

    private readonly ImmutableArray<double> _sorted = [.. samples.Order()];

    internal int Count => _sorted.Length;

    internal double P50 => At(0.50);

    internal double P95 => At(0.95);

    /// <summary>Null with fewer than 1000 samples: it would be one of the ten slowest.</summary>
    internal double? P99 => Count >= SamplesForP99 ? At(0.99) : null;

    private double At(double fraction) => _sorted.IsEmpty
        ? throw new InvalidOperationException("No samples were taken.")
        : _sorted[Math.Max(0, (int)Math.Ceiling(fraction * Count) - 1)];
}
