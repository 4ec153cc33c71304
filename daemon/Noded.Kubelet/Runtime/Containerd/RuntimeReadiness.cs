using Grpc.Core;
using Noded.Linux.Events;
using Noded.Primitives;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>Tells when a containerd that is starting answers on CRI.</summary>
public sealed class RuntimeReadiness(CallInvoker invoker, Inotify inotify, NodePaths paths, TimeProvider clock)
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(10);

    private readonly Protocols.Cri.V1.RuntimeService.RuntimeServiceClient _client = new(invoker);

    /// <summary>Completes once the runtime answers; the making of its socket is waited for, not polled.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(paths.Run);
        using InotifyWatch watch = inotify.Watch(paths.Run, InotifyMask.Create | InotifyMask.MovedTo);
        while (!File.Exists(paths.ContainerdSocket))
        {
            await watch.Events.ReadAsync(cancellationToken);
        }

        // The socket exists a moment before it is served, and CRI a moment after that.
        Backoff backoff = new(FirstRetry, RetryPeriod, () => 0);
        while (!await AnswersAsync(cancellationToken))
        {
            await Task.Delay(backoff.Next(), clock, cancellationToken);
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _client.VersionAsync(new VersionRequest(), cancellationToken: cancellationToken);
            return true;
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
