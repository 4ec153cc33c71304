using System.Buffers;
using System.Net;
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
/// A command in a container over the runtime's streaming server: Kubernetes' remotecommand protocol, version 4, in streams
/// of SPDY. Not in a WebSocket: what is older than containerd 2.1 cannot be told there that the input has ended.
/// </summary>
public sealed class RemoteCommand : IAsyncDisposable
{
    private const string Version = "v4.channel.k8s.io";

    // SPDY knows headers in small letters only.
    private const string StreamType = "streamtype";

    /// <summary>A runtime that says more than this of how a command ended is none that we know.</summary>
    private const int MaxStatus = 1 << 20;

    private readonly HttpMessageInvoker _client;
    private readonly SpdyConnection _connection;
    private readonly ArrayBufferWriter<byte> _written = new();
    private int _status;
    private int _output;
    private int? _input;
    private int? _error;
    private int? _resize;

    private RemoteCommand(HttpMessageInvoker client, SpdyConnection connection) =>
        (_client, _connection) = (client, connection);

    /// <param name="url">From the runtime, which serves it once.</param>
    /// <param name="stdin">As the runtime was asked for.</param>
    /// <param name="tty">Likewise: output and errors are one stream then.</param>
    /// <exception cref="IOException">Nobody answers there, or not in this protocol.</exception>
    internal static async Task<RemoteCommand> ConnectAsync(
        Uri url, bool stdin, bool tty, CancellationToken cancellationToken)
    {
        HttpMessageInvoker client = new(new SocketsHttpHandler { UseProxy = false });
        try
        {
            SpdyConnection connection = new(await UpgradeAsync(client, url, cancellationToken));
            RemoteCommand command = new(client, connection);
            await command.OpenAsync(stdin, tty, cancellationToken);
            return command;
        }
        catch (HttpRequestException e)
        {
            client.Dispose();
            throw new IOException($"Connect to the runtime's streaming server at {url.Authority}: {e.Message}", e);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>What comes next; after the end, nothing does.</summary>
    /// <exception cref="IOException">The runtime went away, or sends what makes no sense.</exception>
    public async Task<CommandOutput> ReadAsync(CancellationToken cancellationToken)
    {
        while (await _connection.ReadAsync(cancellationToken) is { } data)
        {
            if (data.Stream == _status)
            {
                _written.Write(data.Bytes.Span);
                if (_written.WrittenCount > MaxStatus)
                {
                    throw new IOException($"The runtime says in more than {MaxStatus} bytes how a command ended.");
                }

                if (data.IsLast)
                {
                    break;
                }
            }
            else if (data.Bytes.Length > 0 && (data.Stream == _output || data.Stream == _error))
            {
                return new CommandOutput.Written(data.Stream == _error, data.Bytes);
            }
        }

        return _written.WrittenCount > 0
            ? ParseStatus(_written.WrittenSpan)
            : throw new IOException("The runtime ended the stream without saying how the command ended.");
    }

    /// <summary>Hands input on, if the command was started with any.</summary>
    public Task SendAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken) =>
        _input is { } stream ? _connection.SendAsync(stream, input, isLast: false, cancellationToken) : Task.CompletedTask;

    /// <summary>The command gets no more input.</summary>
    public Task CloseInputAsync(CancellationToken cancellationToken) =>
        _input is { } stream ? _connection.SendAsync(stream, default, isLast: true, cancellationToken) : Task.CompletedTask;

    /// <summary>The size of the command's terminal, if it has one.</summary>
    public Task ResizeAsync(int columns, int rows, CancellationToken cancellationToken) => _resize is { } stream
        ? _connection.SendAsync(
            stream, Encoding.ASCII.GetBytes($"{{\"Width\":{columns},\"Height\":{rows}}}"), isLast: false, cancellationToken)
        : Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _client.Dispose();
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

    private static async Task<Stream> UpgradeAsync(HttpMessageInvoker client, Uri url, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, url);
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.ParseAdd("SPDY/3.1");
        request.Headers.Add("X-Stream-Protocol-Version", Version);
        HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.SwitchingProtocols)
        {
            return await response.Content.ReadAsStreamAsync(cancellationToken);
        }

        using (response)
        {
            throw new IOException(
                $"The runtime's streaming server at {url.Authority} answers {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }

    private async Task OpenAsync(bool stdin, bool tty, CancellationToken cancellationToken)
    {
        try
        {
            _status = await _connection.OpenAsync(StreamType, "error", cancellationToken);
            _input = stdin ? await _connection.OpenAsync(StreamType, "stdin", cancellationToken) : null;
            _output = await _connection.OpenAsync(StreamType, "stdout", cancellationToken);
            _error = tty ? null : await _connection.OpenAsync(StreamType, "stderr", cancellationToken);
            _resize = tty ? await _connection.OpenAsync(StreamType, "resize", cancellationToken) : null;
        }
        catch
        {
            await _connection.DisposeAsync();
            throw;
        }
    }
}
