using System.CommandLine;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Noded.Linux.Processes;
using Noded.Protocols.Operator.V1;

namespace Noded.Commands;

/// <summary><c>noded exec</c>: a command in a running container.</summary>
internal static class ExecCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<bool> stdin = new("--stdin", "-i") { Description = "Pass this command's input to the container" };
        Option<bool> tty = new("--tty", "-t") { Description = "Give the command a terminal; this one's, if there is one" };
        Option<string> container = new("--container", "-c")
        {
            Description = "Needed when the pod has several",
            DefaultValueFactory = _ => string.Empty,
        };
        Argument<string> pod = new("pod") { Description = "namespace/name, or a name in default" };
        Argument<string[]> words = new("command")
        {
            Description = "The command and its arguments, after --",
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new("exec", "Run a command in a container") { root, stdin, tty, container, pod, words };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ExecStart start = new()
            {
                Pod = parsed.GetRequiredValue(pod),
                Container = parsed.GetRequiredValue(container),
                Stdin = parsed.GetValue(stdin),
                Tty = parsed.GetValue(tty),
            };
            start.Command.AddRange(parsed.GetRequiredValue(words));
            int exitCode = 0;
            int failure = await OperatorConnection.CallAsync(
                parsed.Paths(root), async client => exitCode = await RunAsync(client, start, cancellationToken));
            return failure != 0 ? failure : exitCode;
        });
        return command;
    }

    /// <returns>The command's exit code.</returns>
    private static async Task<int> RunAsync(Operator.OperatorClient client, ExecStart start, CancellationToken cancellationToken)
    {
        using AsyncDuplexStreamingCall<ExecRequest, ExecResponse> call = client.Exec(cancellationToken: cancellationToken);
        using Requests requests = new(call.RequestStream);
        await requests.SendAsync(new ExecRequest { Start = start }, cancellationToken);
        using RawTerminal? terminal = start is { Tty: true, Stdin: true } ? RawTerminal.TryEnter() : null;
        using PosixSignalRegistration? resized = start.Tty ? WatchSize(requests, cancellationToken) : null;
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task input = start.Stdin ? SendInputAsync(requests, over.Token) : Task.CompletedTask;

        await using Stream output = Console.OpenStandardOutput();
        await using Stream error = Console.OpenStandardError();
        await foreach (ExecResponse response in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            switch (response.ResponseCase)
            {
                case ExecResponse.ResponseOneofCase.Output:
                    await WriteAsync(output, response.Output);
                    break;
                case ExecResponse.ResponseOneofCase.Error:
                    await WriteAsync(error, response.Error);
                    break;
                default:
                    // A read of a terminal cannot be broken off: the process ends with it under way.
                    await over.CancelAsync();
                    return response.ExitCode;
            }
        }

        await input;
        throw new RpcException(new Status(StatusCode.Unavailable, "The daemon ended the stream without saying how the command ended."));

        async Task WriteAsync(Stream stream, ByteString bytes)
        {
            await stream.WriteAsync(bytes.Memory, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
    }

    private static async Task SendInputAsync(Requests requests, CancellationToken cancellationToken)
    {
        await using Stream input = Console.OpenStandardInput();
        byte[] buffer = new byte[16 * 1024];
        int length;
        while ((length = await input.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await requests.SendAsync(new ExecRequest { Input = ByteString.CopyFrom(buffer, 0, length) }, cancellationToken);
        }

        await requests.SendAsync(new ExecRequest { InputEnded = true }, cancellationToken);
    }

    /// <summary>Tells the size of this terminal now and whenever it changes.</summary>
    private static PosixSignalRegistration? WatchSize(Requests requests, CancellationToken cancellationToken)
    {
        if (Console.IsOutputRedirected)
        {
            return null;
        }

        Send();
        return PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Send());

        void Send() => _ = requests.SendAsync(
            new ExecRequest { Size = new TerminalSize { Columns = Console.WindowWidth, Rows = Console.WindowHeight } },
            cancellationToken);
    }

    /// <summary>gRPC takes one message of a stream at a time.</summary>
    private sealed class Requests(IClientStreamWriter<ExecRequest> writer) : IDisposable
    {
        private readonly SemaphoreSlim _turn = new(1);

        internal async Task SendAsync(ExecRequest request, CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                await writer.WriteAsync(request, cancellationToken);
            }
            finally
            {
                _turn.Release();
            }
        }

        public void Dispose() => _turn.Dispose();
    }
}
