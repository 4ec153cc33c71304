using Google.Protobuf;
using Grpc.Core;
using k8s.Models;
using Noded.Composition;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Streams;
using Noded.Protocols.Operator.V1;

namespace Noded.Hosting;

/// <summary>One command in a container between the operator's stream and the runtime's.</summary>
internal static class ExecSession
{
    internal static async Task RunAsync(
        NodeComposition node,
        IAsyncStreamReader<ExecRequest> requests,
        IServerStreamWriter<ExecResponse> responses,
        CancellationToken cancellationToken)
    {
        if (!await requests.MoveNext(cancellationToken) || requests.Current.Start is not { } start || start.Command.Count == 0)
        {
            throw PodTarget.Fail(StatusCode.InvalidArgument, "The first message must say what to start.");
        }

        ContainerId container = Find(node, start);
        try
        {
            await using RemoteCommand command = await node.Kubelet.ExecAsync(
                container, [.. start.Command], start.Stdin, start.Tty, cancellationToken);
            using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task input = SendAsync(requests, command, over.Token);
            try
            {
                await ReceiveAsync(command, responses, cancellationToken);
            }
            finally
            {
                await over.CancelAsync();
                await input.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (IOException e)
        {
            throw PodTarget.Fail(StatusCode.Unavailable, e.Message);
        }
    }

    private static async Task ReceiveAsync(
        RemoteCommand command, IServerStreamWriter<ExecResponse> responses, CancellationToken cancellationToken)
    {
        while (true)
        {
            switch (await command.ReadAsync(cancellationToken))
            {
                case CommandOutput.Written { IsError: true, Bytes: var bytes }:
                    await responses.WriteAsync(new ExecResponse { Error = ByteString.CopyFrom(bytes.Span) }, cancellationToken);
                    break;
                case CommandOutput.Written { Bytes: var bytes }:
                    await responses.WriteAsync(new ExecResponse { Output = ByteString.CopyFrom(bytes.Span) }, cancellationToken);
                    break;
                case CommandOutput.Ended { Failure: { } failure }:
                    throw PodTarget.Fail(StatusCode.FailedPrecondition, failure);
                case CommandOutput.Ended { ExitCode: int code }:
                    await responses.WriteAsync(new ExecResponse { ExitCode = code }, cancellationToken);
                    return;
                default:
                    throw new System.Diagnostics.UnreachableException("Unhandled output of a command.");
            }
        }
    }

    private static async Task SendAsync(
        IAsyncStreamReader<ExecRequest> requests, RemoteCommand command, CancellationToken cancellationToken)
    {
        await foreach (ExecRequest request in requests.ReadAllAsync(cancellationToken))
        {
            switch (request.RequestCase)
            {
                case ExecRequest.RequestOneofCase.Input:
                    await command.SendAsync(request.Input.Memory, cancellationToken);
                    break;
                case ExecRequest.RequestOneofCase.InputEnded:
                    await command.CloseInputAsync(cancellationToken);
                    break;
                case ExecRequest.RequestOneofCase.Size:
                    await command.ResizeAsync(request.Size.Columns, request.Size.Rows, cancellationToken);
                    break;
                default:
                    throw PodTarget.Fail(StatusCode.InvalidArgument, "The command has been started already.");
            }
        }
    }

    private static ContainerId Find(NodeComposition node, ExecStart start)
    {
        V1ContainerStatus status = PodTarget.FindContainer(PodTarget.FindPod(node, start.Pod), start.Container);
        return status.State.Running is not null && ContainerId.FromApi(status.ContainerID) is { } id
            ? id
            : throw PodTarget.Fail(StatusCode.FailedPrecondition, $"Container {status.Name} of {start.Pod} does not run.");
    }
}
