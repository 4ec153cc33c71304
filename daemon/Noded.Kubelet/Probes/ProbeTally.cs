using Noded.Kubelet.Pods;
using Prometheus;

namespace Noded.Kubelet.Probes;

/// <summary>One worker's series in <see cref="ProbeMetrics"/>. They begin with their first probe and go with the worker.</summary>
internal sealed class ProbeTally(ProbeMetrics metrics, Pod pod, string container, ProbeKind kind)
{
    private readonly string[] _duration = [kind.ToString(), container, pod.Name.Name, pod.Name.Namespace];
    private Counter.Child? _successful;
    private Counter.Child? _failed;
    private Histogram.Child? _took;

    /// <summary>As upstream, only what succeeded is timed: a failure takes as long as its timeout.</summary>
    internal void Add(ProbeResult result, TimeSpan duration)
    {
        if (result == ProbeResult.Success)
        {
            (_successful ??= metrics.Total.WithLabels(Labels("successful"))).Inc();
            (_took ??= metrics.Duration.WithLabels(_duration)).Observe(duration.TotalSeconds);
        }
        else
        {
            (_failed ??= metrics.Total.WithLabels(Labels("failed"))).Inc();
        }
    }

    internal void Remove()
    {
        metrics.Total.RemoveLabelled(Labels("successful"));
        metrics.Total.RemoveLabelled(Labels("failed"));
        metrics.Duration.RemoveLabelled(_duration);
    }

    private string[] Labels(string result) =>
        [kind.ToString(), result, container, pod.Name.Name, pod.Name.Namespace, pod.Uid.Value];
}
