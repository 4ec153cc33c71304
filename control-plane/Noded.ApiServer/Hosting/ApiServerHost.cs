using System.Net;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;


namespace Noded.ApiServer.Hosting;

/// <summary>A running API server. Disposing stops it; its watches end then.</summary>
public sealed class ApiServerHost : IAsyncDisposable
{
    private const int StreamsPerConnection = 1000;
    private const int LongestLine = 512 << 10;

    private readonly WebApplication _application;
    private readonly ApiServerComposition _composition;
    private readonly CancellationTokenSource _stop;
    private readonly Task _background;

    private ApiServerHost(
        WebApplication application, ApiServerComposition composition, CancellationTokenSource stop, Task background)
    {
        (_application, _composition, _stop, _background) = (application, composition, stop, background);
        IServerAddressesFeature? addresses =
            application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
        Address = new Uri(addresses?.Addresses.First() ?? throw new IOException("The API server listens nowhere."));
    }

    /// <summary>Where it is, with the port that it got.</summary>
    public Uri Address { get; }

    public static async Task<ApiServerHost> StartAsync(
        ApiServerOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ApiServerComposition composition = new(options, loggers);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        WebApplication application = builder.Build();
        application.Run(composition.Router.RouteAsync);
        CancellationTokenSource stop = new();
        Task background = composition.RunAsync(stop.Token);
        try
        {
            await composition.PrepareAsync(cancellationToken);
            await application.StartAsync(cancellationToken);
            return new ApiServerHost(application, composition, stop, background);
        }
        catch
        {
            await EndAsync(stop, background);
            await composition.DisposeAsync();
            await application.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Watches would keep a graceful stop waiting; their clients begin anew elsewhere.
        using CancellationTokenSource now = new(TimeSpan.Zero);
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
        await EndAsync(_stop, _background);
        await _composition.DisposeAsync();
    }

    private static async Task EndAsync(CancellationTokenSource stop, Task background)
    {
        await stop.CancelAsync();
        try
        {
            await background;
        }
        catch (OperationCanceledException)
        {
            // As it was told.
        }

        stop.Dispose();
    }

    private static void Configure(KestrelServerOptions kestrel, ApiServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null; // BodyReader has a bound, and an answer for what exceeds it
        kestrel.Limits.MinResponseDataRate = null; // a watch says nothing for hours
        kestrel.Limits.MaxRequestLineSize = LongestLine; // selectors of many names
        kestrel.Limits.MaxRequestHeadersTotalSize = LongestLine;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = LongestLine;
        kestrel.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        kestrel.Listen(new IPEndPoint(options.Address, options.Port), listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = options.ServerCertificate,
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,

                // Who is not trusted may still have a token, so the certificate is judged with the request.
                ClientCertificateValidation = (_, _, _) => true,
            });
        });
    }
}
