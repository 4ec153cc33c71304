using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Probes;

/// <summary>What a probe asks of a container; the names are those of events and metrics.</summary>
internal enum ProbeKind
{
    /// <summary>Whether it has to be restarted.</summary>
    Liveness,

    /// <summary>Whether it may be sent traffic.</summary>
    Readiness,

    /// <summary>Whether it has come up; the other two wait for that.</summary>
    Startup,
}

/// <summary>What holds for a container by a probe of one kind.</summary>
internal enum ProbeResult
{
    Unknown,
    Success,
    Failure,
}

/// <summary>How one attempt ended.</summary>
internal enum ProbeVerdict
{
    /// <summary>The container could not be asked; says nothing about it.</summary>
    Error,

    Success,

    /// <summary>Success, though not in the way the author will have meant.</summary>
    Warning,

    Failure,
}

/// <param name="Output">What the container answered, or why it could not be asked.</param>
internal readonly record struct ProbeOutcome(ProbeVerdict Verdict, string Output)
{
    internal static ProbeOutcome Success(string output) => new(ProbeVerdict.Success, output);

    internal static ProbeOutcome Failure(string output) => new(ProbeVerdict.Failure, output);

    internal static ProbeOutcome Error(string output) => new(ProbeVerdict.Error, output);
}

/// <summary>A running container to probe.</summary>
/// <param name="StartedAt">On the runtime's clock.</param>
/// <param name="Host">Where it listens unless the probe names another; empty while the pod has no address.</param>
/// <param name="IsStarted">It has no startup probe, or that has succeeded.</param>
internal sealed record ProbeTarget(
    Pod Pod, V1Container Container, ContainerId Id, DateTimeOffset StartedAt, string Host, bool IsStarted)
{
    /// <summary>Null when the container has no probe of this kind.</summary>
    internal V1Probe? TryGetProbe(ProbeKind kind) => ProbesOf(Container, kind);

    internal static V1Probe? ProbesOf(V1Container container, ProbeKind kind) => kind switch
    {
        ProbeKind.Liveness => container.LivenessProbe,
        ProbeKind.Readiness => container.ReadinessProbe,
        _ => container.StartupProbe,
    };
}

/// <summary>Asks a container once.</summary>
internal interface IProber
{
    /// <summary>Every failure but the end of <paramref name="cancellationToken"/> is an outcome.</summary>
    Task<ProbeOutcome> ProbeAsync(ProbeTarget target, V1Probe probe, CancellationToken cancellationToken);
}
