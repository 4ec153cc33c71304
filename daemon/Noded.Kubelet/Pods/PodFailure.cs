namespace Noded.Kubelet.Pods;

/// <summary>The node ended the pod, whatever its containers did. Final.</summary>
/// <param name="Reason">Of the pod's status: <c>DeadlineExceeded</c>.</param>
internal sealed record PodFailure(string Reason, string Message)
{
    internal static PodFailure DeadlineExceeded { get; } =
        new("DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
}
