using k8s.Models;

namespace Noded.Kubelet.Probes;

/// <summary>The numbers of a probe, which a source has defaulted and a test need not.</summary>
internal static class ProbeRules
{
    internal static TimeSpan Period(V1Probe probe) => Seconds(probe.PeriodSeconds, 10);

    internal static TimeSpan Timeout(V1Probe probe) => Seconds(probe.TimeoutSeconds, 1);

    /// <summary>What holds for a new container before its first probe.</summary>
    internal static ProbeResult Initial(ProbeKind kind) => kind switch
    {
        ProbeKind.Liveness => ProbeResult.Success,
        ProbeKind.Readiness => ProbeResult.Failure,
        _ => ProbeResult.Unknown,
    };

    /// <summary>
    /// When a container is probed first. Readiness as soon as the initial delay allows; what can end a container waits
    /// for one period at least, or starting would count as one of its failures.
    /// </summary>
    /// <param name="age">How long the container runs already.</param>
    /// <param name="jitter">
    /// For a container that ran before this daemon did, from 0 to 1: a node's probes must not all come at once. Null for others.
    /// </param>
    internal static TimeSpan FirstDelay(ProbeKind kind, V1Probe probe, TimeSpan age, double? jitter)
    {
        TimeSpan initial = Seconds(probe.InitialDelaySeconds, 0) - age;
        TimeSpan least = jitter is { } part ? part * Period(probe)
            : kind == ProbeKind.Readiness ? TimeSpan.Zero
            : Period(probe);
        return initial > least ? initial : least;
    }

    private static TimeSpan Seconds(int? value, int otherwise) =>
        TimeSpan.FromSeconds(value is null or 0 ? otherwise : value.Value);
}

/// <summary>The same result so many times in a row.</summary>
internal readonly record struct ProbeRun(ProbeResult Result, int Length)
{
    internal ProbeRun Next(ProbeResult result) => result == Result ? this with { Length = Length + 1 } : new ProbeRun(result, 1);

    /// <summary>Long enough for the result to hold.</summary>
    internal bool Decides(V1Probe probe) => Length >= (Result == ProbeResult.Success
        ? probe.SuccessThreshold is null or 0 ? 1 : probe.SuccessThreshold.Value
        : probe.FailureThreshold is null or 0 ? 3 : probe.FailureThreshold.Value);
}
