using System.Text.Json.Serialization;

namespace Noded.Kubelet.Pods;

/// <summary>The node ended the pod, whatever its containers did, or never let it run. Final.</summary>
/// <param name="Reason">Of the pod's status, and of the event.</param>
/// <param name="Message">Of the pod's status.</param>
/// <param name="Event">What the event says.</param>
internal sealed record PodFailure(string Reason, string Message, string Event)
{
    /// <summary>What the pod's containers get at most for their end; null for the pod's own grace period.</summary>
    public TimeSpan? GracePeriod { get; init; }

    /// <summary>The event is a warning.</summary>
    public bool IsWarning { get; init; }

    /// <summary>The pod was never let run: no container of it has a status.</summary>
    public bool IsRejection { get; init; }

    /// <summary>The pod was ended for the sake of the node, so its controller may count that apart.</summary>
    public bool IsDisruption { get; init; }

    [JsonIgnore]
    internal static PodFailure DeadlineExceeded { get; } = new(
        "DeadlineExceeded",
        "Pod was active on the node longer than the specified deadline",
        "Pod was active on the node longer than the specified deadline");

    /// <summary>
    /// What ran was not to run twice, and what it was for had not run yet. Upstream leaves such a pod pending for ever.
    /// </summary>
    [JsonIgnore]
    internal static PodFailure SandboxLost { get; } = new(
        "PodSandboxLost",
        "The pod's sandbox was lost before all of its containers had run, and its restart policy does not let it begin anew",
        "Pod sandbox was lost and the pod's restart policy is Never")
    {
        IsWarning = true,
    };

    /// <summary>The node does not let the pod run.</summary>
    internal static PodFailure Rejected(string reason, string message) =>
        new(reason, $"Pod was rejected: {message}", message) { IsWarning = true, IsRejection = true };

    /// <summary>A pod that the node needs gets what this one had.</summary>
    [JsonIgnore]
    internal static PodFailure Preempted { get; } = new(
        "Preempting", "Preempted in order to admit critical pod", "Preempted in order to admit critical pod")
    {
        IsWarning = true,
        IsDisruption = true,
    };

    /// <summary>The node runs out of something.</summary>
    internal static PodFailure Evicted(string message, TimeSpan gracePeriod) =>
        new("Evicted", message, message) { GracePeriod = gracePeriod, IsWarning = true, IsDisruption = true };
}

/// <summary>Found while a pod was to be started: the node does not let it run.</summary>
internal sealed class PodRejectionException(PodFailure failure) : Exception(failure.Message)
{
    public PodFailure Failure { get; } = failure;
}
