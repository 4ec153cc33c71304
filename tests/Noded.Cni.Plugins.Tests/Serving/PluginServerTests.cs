using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Noded.Cni.Plugins.Serving;
using Noded.Cni.Results;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Tests.Serving;

/// <summary>The serving end alone; <c>ServingTests</c> has it with the plugins' real processes.</summary>
public sealed class PluginServerTests : IAsyncLifetime
{
    private const string Caller = "1:2:3;4:5:6;7:8:9";
    private const string Config = """{"cniVersion": "1.0.0", "name": "net", "type": "test"}""";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("noded-cni-");
    private readonly CancellationTokenSource _stop = new();
    private readonly FlightRecorder _flight = new(16, TimeProvider.System);
    private PluginServer _server = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string SocketPath => Path.Combine(_directory.FullName, "cni.sock");

    public async ValueTask InitializeAsync()
    {
        _server = new PluginServer(
            SocketPath, name => name == "test" ? new EchoPlugin() : null, Caller, _flight, TimeProvider.System);
        _running = _server.RunAsync(_stop.Token);
        await _server.Listening;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Call_Add_AnswersWithExitCodeAndResult()
    {
        byte[] answer = await CallAsync(Request("test", Caller, "CNI_COMMAND=ADD"), Config);

        Assert.Equal([(byte)'A', 0], answer[..2]);
        JsonElement result = JsonDocument.Parse(answer.AsMemory(2)).RootElement;
        Assert.Equal("c1", result.GetProperty("interfaces")[0].GetProperty("name").GetString());
        Assert.Contains(_flight.Read(), entry => entry is { Kind: FlightEntryKind.Acted, What: "test ADD c1/eth0" });
    }

    [Fact]
    public async Task Call_PluginRefuses_AnswersWithItsError()
    {
        byte[] answer = await CallAsync(Request("test", Caller, "CNI_COMMAND=DEL"), Config);

        Assert.Equal([(byte)'A', 1], answer[..2]);
        Assert.Equal(7, JsonDocument.Parse(answer.AsMemory(2)).RootElement.GetProperty("code").GetInt32());
    }

    [Theory]
    [InlineData("other", Caller)]
    [InlineData("test", "1:2:3;4:5:6;7:8:10")]
    [InlineData("", "")]
    public async Task Call_OfAnotherPluginOrProgram_IsRefusedBeforeItsInputIsRead(string plugin, string caller)
    {
        byte[] answer = await CallAsync(Request(plugin, caller, "CNI_COMMAND=ADD"), input: null);

        Assert.Equal("R"u8.ToArray(), answer);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("name=test\0\0")]
    [InlineData("=\0\0")]
    public async Task Call_ThatIsNone_IsRefused(string request)
    {
        byte[] answer = await CallAsync(Encoding.ASCII.GetBytes(request), input: null);

        Assert.Equal("R"u8.ToArray(), answer);
    }

    [Fact]
    public async Task Call_WithoutAnEnd_IsRefused()
    {
        byte[] answer = await CallAsync(Enumerable.Repeat((byte)'x', 64 * 1024).ToArray(), input: null);

        Assert.Equal("R"u8.ToArray(), answer);
    }

    [Fact]
    public async Task Call_RandomBytes_NeverEndTheServer()
    {
        Random random = new(7);
        for (int round = 0; round < 300; round++)
        {
            byte[] request = Request("test", Caller, "CNI_COMMAND=ADD");
            for (int change = random.Next(1, 8); change > 0; change--)
            {
                request[random.Next(request.Length)] = (byte)random.Next(256);
            }

            byte[] sent = request[..random.Next(request.Length + 1)];
            await CallAsync(sent, sent.AsSpan().EndsWith("\0\0"u8) ? Config[..random.Next(Config.Length)] : null);
        }

        byte[] answer = await CallAsync(Request("test", Caller, "CNI_COMMAND=ADD"), Config);
        Assert.Equal([(byte)'A', 0], answer[..2]);
    }

    [Fact]
    public async Task Run_SocketOfADeadServer_IsReplacedAndThatOfALiveOneIsNot()
    {
        PluginServer second = new(SocketPath, _ => null, Caller, _flight, TimeProvider.System);
        IOException refusal = await Assert.ThrowsAsync<IOException>(() => second.RunAsync(Token));
        Assert.Contains(SocketPath, refusal.Message, StringComparison.Ordinal);

        string dead = Path.Combine(_directory.FullName, "dead.sock");
        using (Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(dead + ".x"));
            File.Move(dead + ".x", dead);
        }

        using CancellationTokenSource stop = new();
        PluginServer third = new(dead, _ => null, Caller, _flight, TimeProvider.System);
        Task running = third.RunAsync(stop.Token);
        await third.Listening;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False(File.Exists(dead));
    }

    [Fact]
    public void Socket_Others_CannotConnectToIt() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));

    private static byte[] Request(string plugin, string caller, string command) => Encoding.ASCII.GetBytes(
        $"name={plugin}\0caller={caller}\0{command}\0CNI_CONTAINERID=c1\0CNI_NETNS=/proc/self/ns/net\0CNI_NETNS_OVERRIDE=1\0"
        + "CNI_IFNAME=eth0\0CNI_PATH=/opt/cni/bin\0\0");

    /// <summary>All that comes back.</summary>
    private async Task<byte[]> CallAsync(byte[] request, string? input)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), Token);
        using MemoryStream answer = new();
        try
        {
            byte[] buffer = new byte[4096];
            await socket.SendAsync(request, Token);
            if (input is not null && await socket.ReceiveAsync(buffer.AsMemory(0, 1), Token) == 1)
            {
                answer.WriteByte(buffer[0]);
                await socket.SendAsync(Encoding.UTF8.GetBytes(input), Token);
            }

            socket.Shutdown(SocketShutdown.Send);
            for (int length; (length = await socket.ReceiveAsync(buffer, Token)) > 0;)
            {
                answer.Write(buffer.AsSpan(0, length));
            }
        }
        catch (SocketException)
        {
            // It has refused before it read everything.
        }

        return answer.ToArray();
    }

    private sealed class EchoPlugin : ICniPlugin
    {
        public CniResult Add(CniRequest request) =>
            new() { Interfaces = [new CniInterface(request.Attachment.ContainerId, "02:00:00:00:00:01", "/x")] };

        public void Del(CniRequest request) => throw new CniException(CniErrorCode.InvalidNetworkConfig, "no");

        public void Check(CniRequest request)
        {
        }

        public void Gc(CniRequest request)
        {
        }

        public void Status(CniRequest request)
        {
        }
    }
}
