using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Noded.Kubelet.Streams;

/// <summary>What a command in a container has written, or how it ended.</summary>
public abstract record CommandOutput
{
    private CommandOutput()
    {
    }

    public sealed record Written(bool IsError, ReadOnlyMemory<byte> Bytes) : CommandOutput;

    /// <param name="Failure">Why there is no exit code; null if there is.</param>
    public sealed record Ended(int ExitCode, string? Failure) : CommandOutput;
}

/// <summary>
/// A command in a container over the runtime's streaming server: Kubernetes' remotecommand protocol, versions 4 and 5,
/// in a WebSocket. Each message begins with the number of its channel.
/// </summary>
public sealed class RemoteCommand : IAsyncDisposable
{
    private const byte Input = 0;
    private const byte Output = 1;
    private const byte Error = 2;
    private const byte Status = 3;
    private const byte Resize = 4;

    /// <summary>Version 5: the stream that is named next gets nothing more.</summary>
    private const byte Close = 255;

    private const string Version4 = "v4.channel.k8s.io";
    private const string Version5 = "v5.channel.k8s.io";

    /// <summary>A runtime that sends more at once is none that we know.</summary>
    private const int MaxMessage = 16 << 20;

    private const int Chunk = 32 * 1024;

    private readonly ClientWebSocket _socket;
    private readonly SemaphoreSlim _sending = new(1);

    private RemoteCommand(ClientWebSocket socket) => _socket = socket;

    /// <param name="url">From the runtime.</param>
    /// <exception cref="IOException">Nobody answers there.</exception>
    internal static async Task<RemoteCommand> ConnectAsync(Uri url, CancellationToken cancellationToken)
    {
        ClientWebSocket socket = new();
        socket.Options.AddSubProtocol(Version5);
        socket.Options.AddSubProtocol(Version4);
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        try
        {
            await socket.ConnectAsync(new UriBuilder(url) { Scheme = "ws" }.Uri, cancellationToken);
            return new RemoteCommand(socket);
        }
        catch (WebSocketException e)
        {
            socket.Dispose();
            throw new IOException($"Connect to the runtime's streaming server at {url.Authority}: {e.Message}", e);
        }
    }

    /// <summary>What comes next; after the end, nothing does.</summary>
    /// <exception cref="IOException">The runtime went away, or sends what makes no sense.</exception>
    public async Task<CommandOutput> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            byte[] message = await ReceiveAsync(cancellationToken);
            if (message.Length == 0)
            {
                throw new IOException("The runtime ended the stream without saying how the command ended.");
            }

            switch (message[0])
            {
                case Output or Error when message.Length > 1:
                    return new CommandOutput.Written(message[0] == Error, message.AsMemory(1));
                case Status:
                    return ParseStatus(message.AsSpan(1));
                default:
                    // An empty piece opens a channel.
                    break;
            }
        }
    }

    public Task SendAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken) =>
        SendAsync(Input, input, cancellationToken);

    /// <summary>The command gets no more input; a runtime that speaks version 4 alone cannot be told.</summary>
    public Task CloseInputAsync(CancellationToken cancellationToken) => _socket.SubProtocol == Version5
        ? SendAsync(Close, new byte[] { Input }, cancellationToken)
        : Task.CompletedTask;

    /// <summary>The size of the command's terminal.</summary>
    public Task ResizeAsync(int columns, int rows, CancellationToken cancellationToken) => SendAsync(
        Resize, Encoding.ASCII.GetBytes($"{{\"Width\":{columns},\"Height\":{rows}}}"), cancellationToken);

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _sending.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A metav1.Status: the exit code of a command that failed is among its causes.</summary>
    internal static CommandOutput.Ended ParseStatus(ReadOnlySpan<byte> json)
    {
        try
        {
            Utf8JsonReader reader = new(json);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            JsonElement status = document.RootElement;
            if (TextOf(status, "status") == "Success")
            {
                return new CommandOutput.Ended(0, null);
            }

            if (TextOf(status, "reason") == "NonZeroExitCode" && status.TryGetProperty("details", out JsonElement details)
                && details.TryGetProperty("causes", out JsonElement causes))
            {
                foreach (JsonElement cause in causes.EnumerateArray())
                {
                    if (TextOf(cause, "reason") == "ExitCode" && int.TryParse(TextOf(cause, "message"), out int code))
                    {
                        return new CommandOutput.Ended(code, null);
                    }
                }
            }

            return new CommandOutput.Ended(-1, TextOf(status, "message") ?? "the runtime does not say why");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new CommandOutput.Ended(-1, $"the runtime's word on the command's end makes no sense: {e.Message}");
        }
    }

    private static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private async Task<byte[]> ReceiveAsync(CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> message = new();
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult result =
                    await _socket.ReceiveAsync(message.GetMemory(Chunk), cancellationToken);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    return [];
                }

                message.Advance(result.Count);
                if (message.WrittenCount > MaxMessage)
                {
                    throw new IOException($"The runtime sends a message of more than {MaxMessage} bytes.");
                }

                if (result.EndOfMessage)
                {
                    return message.WrittenSpan.ToArray();
                }
            }
        }
        catch (WebSocketException e)
        {
            throw new IOException($"Read from the runtime's streaming server: {e.Message}", e);
        }
    }

    private async Task SendAsync(byte channel, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        byte[] message = new byte[content.Length + 1];
        message[0] = channel;
        content.CopyTo(message.AsMemory(1));
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await _socket.SendAsync(message.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        catch (WebSocketException e)
        {
            throw new IOException($"Write to the runtime's streaming server: {e.Message}", e);
        }
        finally
        {
            _sending.Release();
        }
    }
}
