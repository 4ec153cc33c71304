using System.Runtime.CompilerServices;
using Grpc.Core;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pleg;

/// <summary>Reads a stream of the runtime's, with failures that name the call.</summary>
internal static class RuntimeEventStream
{
    /// <exception cref="RuntimeCallException">The call was refused, or the stream broke.</exception>
    internal static async IAsyncEnumerable<T> ReadAsync<T>(
        AsyncServerStreamingCall<T> call, string operation, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await MoveNextAsync(call, operation, cancellationToken))
        {
            yield return call.ResponseStream.Current;
        }
    }

    private static async Task<bool> MoveNextAsync<T>(
        AsyncServerStreamingCall<T> call, string operation, CancellationToken cancellationToken)
    {
        try
        {
            return await call.ResponseStream.MoveNext(cancellationToken);
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RpcException e)
        {
            throw new RuntimeCallException(operation, "containerd", e.StatusCode, e.Status.Detail);
        }
    }
}
