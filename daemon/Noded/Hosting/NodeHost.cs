using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Noded.Composition;
using Noded.Linux.Processes;

namespace Noded.Hosting;

/// <summary>Hosts the node's parts and its two servers: the operator's socket and the health port.</summary>
internal static partial class NodeHost
{
    private static readonly TimeSpan PodsFirst = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs the daemon until it is told to stop; pods and runtime go on without it.</summary>
    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(NodedOptions options, CancellationToken cancellationToken)
    {
        if (!File.Exists(options.Containerd))
        {
            await Console.Error.WriteLineAsync(
                $"There is no {options.Containerd}: install the package containerd, or name the binary with --containerd.");
            return 1;
        }

        if (Claim(options) is { } refusal)
        {
            await Console.Error.WriteLineAsync(refusal);
            return 1;
        }

        using ILoggerFactory loggers = LoggerFactory.Create(ConfigureLogging);
        using NodeComposition node = new(options, loggers);
        using CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // The node first: pods need not wait for the servers that tell of them, nor share two processors with their start.
        Task running = node.RunAsync(stopping.Token);
        try
        {
            await Task.WhenAny(node.Kubelet.Synced, Task.Delay(PodsFirst, node.Clock, cancellationToken));
            await using WebApplication app = Build(node, loggers);
            await app.StartAsync(cancellationToken);
            string socket = options.Paths.OperatorSocket;
            File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            ILogger logger = loggers.CreateLogger(nameof(NodeHost));
            LogServing(logger, socket);
            await app.WaitForShutdownAsync(cancellationToken);
        }
        finally
        {
            await stopping.CancelAsync();
            await running;
        }

        File.Delete(options.Paths.DaemonPid);
        return 0;
    }

    internal static void ConfigureLogging(ILoggingBuilder logging) => logging
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("Grpc", LogLevel.Warning)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        });

    private static WebApplication Build(NodeComposition node, ILoggerFactory loggers)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenUnixSocket(
                node.Options.Paths.OperatorSocket, listen => listen.Protocols = HttpProtocols.Http2);
            if (node.Options.HealthzPort != 0)
            {
                Action<ListenOptions> plain = listen => listen.Protocols = HttpProtocols.Http1;
                if (node.Options.Settings.HealthzBindAddress is { } address)
                {
                    kestrel.Listen(address, node.Options.HealthzPort, plain);
                }
                else
                {
                    kestrel.ListenLocalhost(node.Options.HealthzPort, plain);
                }
            }
        });
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, SharedMemoryPools>();
        builder.Services.AddRoutingCore();
        builder.Services.AddSystemd();
        builder.Services.AddSingleton(node);
        builder.Services.AddGrpc();

        WebApplication app = builder.Build();
        app.UseRouting();

        // The operator's calls, by gRPC, come over a socket without an address.
        HttpMetrics metrics = new(node.Metrics);
        app.Use(next => context => context.Connection.LocalIpAddress is null ? next(context) : metrics.MeasureAsync(context, next));
        app.MapGrpcService<OperatorService>();
        HealthEndpoints.Map(app, node);
        return app;
    }

    /// <summary>Makes this process the node's only daemon; otherwise says who is.</summary>
    private static string? Claim(NodedOptions options)
    {
        // Others may pass through and see nothing: pods with users of their own come by here to what containerd has made
        // ready for them. The sockets in it are root's from the start, since nobody else may write to a new file.
        Directory.CreateDirectory(options.Paths.Run);
        File.SetUnixFileMode(
            options.Paths.Run,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        if (ProcessIdentity.TryReadAlive(options.Paths.DaemonPid) is { } other)
        {
            return $"noded runs already for {options.Paths.Root}, pid {other.Pid}; stop it first.";
        }

        ProcessIdentity.TryRead(Environment.ProcessId)!.Value.WriteTo(options.Paths.DaemonPid);
        File.Delete(options.Paths.OperatorSocket);
        return null;
    }

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "Listening on {Socket}")]
    private static partial void LogServing(ILogger logger, string socket);
}
