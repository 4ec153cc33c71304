using k8s.Models;
using Noded.Kubelet.Events;

namespace Noded.Kubelet.Probes;

/// <summary>
/// One turn of a probe: asks again when the container could not be asked, and reports what its user has to know.
/// </summary>
internal sealed class RetryingProber(IProber prober, EventRecorder events)
{
    private const int Attempts = 3;

    /// <summary>Null when the container could not be asked: what held for it still holds.</summary>
    internal async Task<ProbeResult?> ProbeAsync(
        ProbeTarget target, ProbeKind kind, V1Probe probe, CancellationToken cancellationToken)
    {
        ProbeOutcome outcome = default;
        for (int attempt = 0; attempt < Attempts && outcome.Verdict == ProbeVerdict.Error; attempt++)
        {
            outcome = await prober.ProbeAsync(target, probe, cancellationToken);
        }

        string subject = Subjects.OfContainer(target.Pod, target.Container.Name);
        switch (outcome.Verdict)
        {
            case ProbeVerdict.Success:
                return ProbeResult.Success;
            case ProbeVerdict.Warning:
                events.Warn(subject, "ProbeWarning", $"{kind} probe warning: {outcome.Output}");
                return ProbeResult.Success;
            case ProbeVerdict.Failure:
                events.Warn(subject, "Unhealthy", $"{kind} probe failed: {outcome.Output}");
                return ProbeResult.Failure;
            default:
                events.Warn(
                    subject, "Unhealthy", $"{kind} probe errored and resulted in unknown state: {outcome.Output}");
                return null;
        }
    }
}
