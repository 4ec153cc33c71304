using System.Net.Sockets;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Serving;

/// <summary>
/// Does what our plugins are asked for in a process that runs already. A plugin's process then is a few hundred
/// instructions of C (<c>forward.c</c>) that hand over what the runtime said and hand back the answer; where nobody
/// serves it does the work itself, by the same code.
/// </summary>
/// <param name="socketPath">Where it listens, readable for root alone; an absolute path of at most 107 bytes.</param>
/// <param name="find">The plugin of a name, null when there is none.</param>
/// <param name="caller">Whose calls are accepted.</param>
public sealed class PluginServer(
    string socketPath, Func<string, ICniPlugin?> find, string caller, FlightRecorder flight, TimeProvider clock)
{
    /// <summary>What <c>forward.c</c> looks for beside the link that it was started by; it leads to the socket.</summary>
    public const string LinkName = "noded.sock";

    private const string Subject = "cni";

    // They wait for the kernel's one lock of links most of the time.
    private const int MaxConcurrentCalls = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly AttachmentTurns _turns = new();
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Serves our own plugins to callers that are this binary in this process's namespaces.</summary>
    public PluginServer(string socketPath, FlightRecorder flight, TimeProvider clock)
        : this(socketPath, PluginTable.Find, ServedCall.OfThisProcess, flight, clock)
    {
    }

    /// <summary>Completes once callers find it.</summary>
    public Task Listening => _listening.Task;

    /// <summary>Serves until cancelled; calls that are under way are brought to their end.</summary>
    /// <exception cref="IOException">Somebody else serves there, or the socket cannot be made.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using SemaphoreSlim places = new(MaxConcurrentCalls);
        using Socket listener = Listen();
        _listening.TrySetResult();
        List<Task> calls = [];

        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptAsync(cancellationToken);
                calls.RemoveAll(call => call.IsCompleted);
                calls.Add(ServeAsync(socket, places, cancellationToken));
            }
        }
        finally
        {
            File.Delete(socketPath);
            await Task.WhenAll(calls).WaitAsync(Patience, clock, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Socket Listen()
    {
        if (Connects())
        {
            throw new IOException($"Another process serves CNI calls on {socketPath}; end it first.");
        }

        // Under another name until nobody but root can connect to it.
        string temporary = socketPath + ".new";
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        try
        {
            File.Delete(temporary);
            listener.Bind(new UnixDomainSocketEndPoint(temporary));
            File.SetUnixFileMode(temporary, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen();
            File.Move(temporary, socketPath, overwrite: true);
            return listener;
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new IOException($"Listen on {socketPath}: {e.Message}", e);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private bool Connects()
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task ServeAsync(Socket socket, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        await using NetworkStream stream = new(socket, ownsSocket: true);

        try
        {
            ServedCall? call = await ServedCall.ReadAsync(stream, cancellationToken);

            if (call is null || call.Caller != caller || find(call.Plugin) is not ICniPlugin plugin)
            {
                await stream.WriteAsync("R"u8.ToArray(), cancellationToken);
                return;
            }

            await stream.WriteAsync("A"u8.ToArray(), cancellationToken);

            byte[] input = await ReadInputAsync(stream, cancellationToken);
            byte[] answer = await _turns.RunAsync(call.Attachment, () => RunAsync(call, plugin, input, places));
            await stream.WriteAsync(answer, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The caller is gone. What it asked for is done or was not begun, and its runtime asks for the opposite.
        }
    }

    /// <summary>The exit code, then the output.</summary>
    private async Task<byte[]> RunAsync(ServedCall call, ICniPlugin plugin, byte[] input, SemaphoreSlim places)
    {
        await places.WaitAsync();

        try
        {
            // A thread of its own: netlink blocks, and the pool has two.
            return await Task.Factory.StartNew(
                () => Run(call, plugin, input), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            places.Release();
        }
    }

    private byte[] Run(ServedCall call, ICniPlugin plugin, byte[] input)
    {
        long startedAt = clock.GetTimestamp();
        using MemoryStream output = new();
        CniEnvironment environment = new(call.Variables.GetValueOrDefault);
        int exitCode = new Skel(environment, new MemoryStream(input), output, Stream.Null).Run(call.Plugin, plugin);
        flight.Record(
            exitCode == 0 ? FlightEntryKind.Acted : FlightEntryKind.Failed,
            Subject,
            exitCode == 0 ? call.ToString() : $"{call}: exit code {exitCode}",
            clock.GetElapsedTime(startedAt));
        return [checked((byte)exitCode), .. output.ToArray()];
    }

    /// <summary>To its end, or until it is longer than any that <see cref="Skel"/> takes.</summary>
    private static async Task<byte[]> ReadInputAsync(Stream stream, CancellationToken cancellationToken)
    {
        using MemoryStream input = new();
        byte[] buffer = new byte[16 * 1024];

        for (int length = await stream.ReadAsync(buffer, cancellationToken);
            length > 0 && input.Length <= Skel.MaxDocumentLength;
            length = await stream.ReadAsync(buffer, cancellationToken))
        {
            input.Write(buffer.AsSpan(0, length));
        }

        return input.ToArray();
    }
}
