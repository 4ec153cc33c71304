using Grpc.Core;
using Grpc.Net.Client;
using Noded.Kubelet.Runtime;
using Noded.Primitives;
using Noded.Protocols.Operator.V1;

namespace Noded.Commands;

/// <summary>Talks to the running daemon, and turns what goes wrong into one line for people.</summary>
internal static class OperatorConnection
{
    /// <returns>The exit code: 0, or 1 after a line on standard error.</returns>
    internal static async Task<int> CallAsync(NodePaths paths, Func<Operator.OperatorClient, Task> call)
    {
        using GrpcChannel channel = UnixSocketChannel.Open(paths.OperatorSocket);
        try
        {
            await call(new Operator.OperatorClient(channel));
            return 0;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable && !IsListening(paths))
        {
            await Console.Error.WriteLineAsync(
                $"noded does not run for {paths.Root}: nobody listens on {paths.OperatorSocket}. Start it with: noded run --root {paths.Root}");
            return 1;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Cancelled)
        {
            // The user ended a follow with Ctrl-C.
            return 0;
        }
        catch (RpcException e)
        {
            await Console.Error.WriteLineAsync(e.Status.Detail);
            return 1;
        }
    }

    private static bool IsListening(NodePaths paths) =>
        File.Exists(paths.OperatorSocket) && Linux.Processes.ProcessIdentity.TryReadAlive(paths.DaemonPid) is not null;
}
