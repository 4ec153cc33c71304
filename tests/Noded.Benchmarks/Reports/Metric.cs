using System.Globalization;

namespace Noded.Benchmarks.Reports;

/// <summary>One figure of a benchmark: a value, or the reason why there is none.</summary>
internal sealed record Metric
{
    private const int Decimals = 3;

    internal Metric(string name, double value, Goal? goal = null)
    {
        Name = name;
        Value = Math.Round(value, Decimals);
        Goal = goal;
    }

    private Metric(string name, string reason, Goal? goal)
    {
        Name = name;
        Reason = reason;
        Goal = goal;
    }

    internal string Name { get; }

    internal double? Value { get; }

    /// <summary>Why <see cref="Value"/> is null.</summary>
    internal string? Reason { get; }

    /// <summary>Null for a figure that is only reported.</summary>
    internal Goal? Goal { get; }

    internal static Metric Missing(string name, string reason, Goal? goal = null) => new(name, reason, goal);

    /// <summary><c>metric value goal ok|MISSED</c>.</summary>
    public override string ToString()
    {
        string goal = Goal?.ToString() ?? "-";
        return Value is { } value
            ? string.Create(CultureInfo.InvariantCulture, $"{Name} {value} {goal} {Verdict(value)}")
            : $"{Name} null {goal} ({Reason})";
    }

    private string Verdict(double value) => Goal switch
    {
        null => "reported",
        _ when Goal.IsMetBy(value) => "ok",
        _ => "MISSED",
    };
}
