using System.Collections.Immutable;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>Reads what the runtime holds of a pod, and waits until that includes what an event has told already.</summary>
internal sealed class PodInspector(IRuntimeService runtime, TimeProvider clock)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <param name="died">
    /// Containers whose end was reported. The CRI calls them running until its own handler has seen the same event, so
    /// they are asked for again, with growing pauses, until it agrees.
    /// </param>
    internal async Task<PodStatus> InspectAsync(
        PodUid uid, ImmutableHashSet<ContainerId> died, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        TimeSpan delay = FirstDelay;
        while (true)
        {
            PodStatus status = await runtime.GetPodStatusAsync(uid, cancellationToken);
            if (!died.Any(container => IsBehind(status, container)) || clock.GetElapsedTime(start) > Patience)
            {
                return status;
            }

            await Task.Delay(delay, clock, cancellationToken);
            delay *= 2;
        }
    }

    /// <summary>The status calls something alive whose end was reported.</summary>
    internal static bool IsBehind(PodStatus status, ContainerId died) =>
        status.Containers.Any(container => container.State == ContainerState.Running && container.Id == died)
        || status.Sandboxes.Any(sandbox => sandbox.IsReady && sandbox.Id.Value == died.Value);
}
