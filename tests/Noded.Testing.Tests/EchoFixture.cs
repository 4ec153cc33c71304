using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Noded.Testing.Tests;

/// <summary>A real gRPC server, a proxy before it, and a client that talks to the proxy.</summary>
internal sealed class EchoFixture : IAsyncDisposable
{
    private const int MaxMessage = 16 * 1024 * 1024;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("echo-");
    private readonly WebApplication _server;
    private GrpcFaultProxy? _proxy;
    private GrpcChannel? _channel;

    private EchoFixture()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
            options.ListenUnixSocket(ServerSocket, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(Log);
        builder.Services.AddLogging();
        builder.Services.AddRouting();
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = MaxMessage);
        _server = builder.Build();
        _server.MapGrpcService<EchoService>();
    }

    public EchoLog Log { get; } = new();

    public TestClock Clock { get; } = new();

    public GrpcFaultProxy Proxy => _proxy!;

    public CallInvoker Client => _channel!.CreateCallInvoker();

    private string ServerSocket => Path.Combine(_directory.FullName, "server.sock");

    private string ProxySocket => Path.Combine(_directory.FullName, "proxy.sock");

    public static async Task<EchoFixture> StartAsync(CancellationToken cancellationToken)
    {
        EchoFixture fixture = new();
        await fixture._server.StartAsync(cancellationToken);
        fixture._proxy = await GrpcFaultProxy.StartAsync(
            fixture.ProxySocket, fixture.ServerSocket, fixture.Clock, cancellationToken);
        fixture._channel = Connect(fixture.ProxySocket);
        return fixture;
    }

    public static GrpcChannel Connect(string socketPath) => GrpcChannel.ForAddress("http://localhost", new()
    {
        MaxReceiveMessageSize = MaxMessage,
        HttpHandler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        },
    });

    public ValueTask StopServerAsync() => _server.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        await _server.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
