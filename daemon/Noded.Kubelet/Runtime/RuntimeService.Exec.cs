using System.Collections.Immutable;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

public sealed partial class RuntimeService
{
    public async Task<ExecResult> ExecSyncAsync(
        ContainerId container, ImmutableArray<string> command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ExecSyncRequest request = new() { ContainerId = container.Value, Timeout = (long)Math.Ceiling(timeout.TotalSeconds) };
        request.Cmd.AddRange(command);

        // The runtime's own timeout comes first: only it can kill the command. Zero is no limit for either.
        ExecSyncResponse response = await CallAsync(
            "exec_sync",
            container.Value,
            _runtime.ExecSyncAsync,
            request,
            timeout > TimeSpan.Zero ? RequestTimeout + timeout : null,
            cancellationToken);
        return new ExecResult(response.ExitCode, response.Stdout.Memory, response.Stderr.Memory);
    }

    public async Task<Uri> GetExecUrlAsync(
        ContainerId container, ImmutableArray<string> command, bool stdin, bool tty, CancellationToken cancellationToken)
    {
        ExecRequest request = new() { ContainerId = container.Value, Stdin = stdin, Tty = tty, Stdout = true, Stderr = !tty };
        request.Cmd.AddRange(command);
        ExecResponse response = await CallAsync(
            "exec", container.Value, _runtime.ExecAsync, request, RequestTimeout, cancellationToken);
        return Uri.TryCreate(response.Url, UriKind.Absolute, out Uri? url)
            ? url
            : throw new RuntimeCallException(
                "exec", container.Value, Grpc.Core.StatusCode.Internal, $"the runtime answered with \"{response.Url}\", which is no URL");
    }
}
