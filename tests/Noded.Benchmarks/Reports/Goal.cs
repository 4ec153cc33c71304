using System.Globalization;

namespace Noded.Benchmarks.Reports;

/// <summary>What a metric should be; the closed set of shapes that goals have.</summary>
internal abstract record Goal
{
    private Goal()
    {
    }

    internal abstract bool IsMetBy(double value);

    internal sealed record AtMost(double Limit) : Goal
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"≤ {Limit}");

        internal override bool IsMetBy(double value) => value <= Limit;
    }

    internal sealed record AtLeast(double Limit) : Goal
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"≥ {Limit}");

        internal override bool IsMetBy(double value) => value >= Limit;
    }
}
