using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace Noded.Testing;

/// <summary>A program started by a test. Disposing kills it, if it still runs, and waits until it is gone.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _output = NewLineChannel();
    private readonly Channel<string> _errors = NewLineChannel();

    private ChildProcess(Process process)
    {
        _process = process;
        Id = process.Id;
        _ = PumpAsync(process.StandardOutput, _output.Writer);
        _ = PumpAsync(process.StandardError, _errors.Writer);
    }

    /// <summary>The process id as this process sees it, also for a program in another PID namespace.</summary>
    public int Id { get; private set; }

    /// <summary>Standard output by lines, completed at end of file; each line goes to one reader.</summary>
    public ChannelReader<string> Output => _output.Reader;

    /// <summary>Standard error by lines, completed at end of file; each line goes to one reader.</summary>
    public ChannelReader<string> Errors => _errors.Reader;

    public bool HasExited => _process.HasExited;

    public static ChildProcess Start(string program, params IEnumerable<string> arguments) =>
        new(Process.Start(StartInfo(program, arguments)) ?? throw new IOException($"{program} did not start."));

    /// <summary>Runs a program to its end; when cancelled, kills it with all its descendants.</summary>
    public static async Task<ProgramResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        CancellationToken cancellationToken)
    {
        using Process process = Process.Start(StartInfo(program, arguments))
            ?? throw new IOException($"{program} did not start.");
        process.StandardInput.Close();

        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return new ProgramResult(program, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Ends the program's standard input.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    public async Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>Sends a signal by number; nothing happens when the program has exited.</summary>
    public async Task SignalAsync(int signal, CancellationToken cancellationToken)
    {
        if (HasExited)
        {
            return;
        }

        string[] arguments = [$"-{signal}", Id.ToString(CultureInfo.InvariantCulture)];
        ProgramResult result = await RunAsync("kill", arguments, cancellationToken);

        // Not HasExited: nsenter may be about to learn of the end of the program that this stands for.
        if (Directory.Exists($"/proc/{Id}"))
        {
            result.OrThrow();
        }
    }

    /// <summary>SIGKILL, for the program and its descendants; does not wait.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <summary>Returns the exit code, 128 + n when signal n ended the program.</summary>
    public async Task<int> WaitForExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Kill();
            // A killed process needs no time to speak of; waiting is what makes the caller's clean-up race-free.
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    /// <summary>From now on stands for its own child, the program that nsenter runs and waits for.</summary>
    /// <remarks>Call it when that child is known to exist. If it has exited already, nothing changes.</remarks>
    internal void StandForChild()
    {
        string children = File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children");

        if (int.TryParse(children.Trim(), CultureInfo.InvariantCulture, out int child))
        {
            Id = child;
        }
    }

    private static ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments) =>
        new(TestPrograms.TryFind(program) ?? program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

    // Unbounded: a program must not block on a test that does not read its log.
    private static Channel<string> NewLineChannel() =>
        Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleWriter = true });

    private static async Task PumpAsync(StreamReader reader, ChannelWriter<string> lines)
    {
        try
        {
            while (await reader.ReadLineAsync(CancellationToken.None) is string line)
            {
                lines.TryWrite(line);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Disposed under the read: the program is dead and a descendant still holds its pipe.
        }

        lines.TryComplete();
    }
}
