using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Noded.Kubelet;
using Noded.Kubelet.Status;

namespace Noded.Composition;

/// <summary>What the kubelet says of its pods, whichever kubelet runs.</summary>
/// <param name="kubelet">The one that runs now.</param>
internal sealed class KubeletReports(Func<KubeletComponent> kubelet)
{
    /// <summary>All pods as they are now, again at every change; the first when all of them are known.</summary>
    public async IAsyncEnumerable<(KubeletComponent Kubelet, ImmutableArray<PodReport> Reports)> WatchAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            // Before the look: what changes after it is told.
            KubeletComponent current = kubelet();
            Task changed = current.WaitForStatusAsync(cancellationToken);
            if (!current.Synced.IsCompleted)
            {
                // Without any pod there would be no change to wait for. One that is replaced before it gets so far ends
                // the other wait.
                await Task.WhenAny(current.Synced, changed).WaitAsync(cancellationToken);
                continue;
            }

            if (current.KnowsAllPods)
            {
                yield return (current, [.. current.Reports.Values]);
            }

            await changed;
        }
    }

    /// <summary>Returns once no pod is about to start, or when that takes too long.</summary>
    public async Task WaitForPodsAsync(TimeSpan patience, TimeProvider clock, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(patience, clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await foreach ((_, ImmutableArray<PodReport> reports) in WatchAsync(either.Token))
            {
                if (reports.All(report => report.Status.Phase != "Pending"))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A pod that waits for its image must not hold up the others' Services.
        }
    }
}
