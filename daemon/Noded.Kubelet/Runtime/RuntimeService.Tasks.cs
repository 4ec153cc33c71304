using Grpc.Core;
using Noded.Kubelet.Runtime.Containerd;
using Noded.Protocols.Containerd.Tasks.V1;

namespace Noded.Kubelet.Runtime;

/// <summary>
/// containerd's own API for the processes of a container, for when CRI has lost sight of them: containerd 1.6 may go on with
/// a start whose client died in the middle, and CRI takes the container for one that did not start.
/// </summary>
public sealed partial class RuntimeService
{
    private const uint Sigkill = 9;

    private readonly Tasks.TasksClient _tasks = new(invoker);

    /// <summary>
    /// Kills what runs in a container of which CRI says that nothing does. Repeats safely. False when the runtime has no such
    /// API.
    /// </summary>
    private async Task<bool> TryEndTaskAsync(ContainerId container, CancellationToken cancellationToken)
    {
        string id = container.Value;
        try
        {
            await CallTaskAsync("kill_task", _tasks.KillAsync, new KillRequest { ContainerId = id, Signal = Sigkill, All = true });
        }
        catch (RuntimeCallException e) when (e.Code == StatusCode.Unimplemented)
        {
            return false;
        }
        catch (RuntimeCallException e) when (e.Code == StatusCode.NotFound)
        {
            // It has ended, and waits to be deleted.
        }

        try
        {
            await CallTaskAsync("wait_task", _tasks.WaitAsync, new WaitRequest { ContainerId = id });
            await CallTaskAsync("delete_task", _tasks.DeleteAsync, new DeleteTaskRequest { ContainerId = id });
        }
        catch (RuntimeCallException e) when (e.Code == StatusCode.NotFound)
        {
            // CRI heard of the end and deleted it.
        }

        return true;

        Task<TResponse> CallTaskAsync<TRequest, TResponse>(
            string operation, Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> method, TRequest request)
            where TRequest : Google.Protobuf.IMessage<TRequest> => CallAsync(
                operation,
                id,
                (task, options) => method(task, options.WithHeaders(ContainerdNamespace.CriHeaders())),
                request,
                RequestTimeout,
                cancellationToken);
    }
}
