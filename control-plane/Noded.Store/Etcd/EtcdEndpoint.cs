using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Noded.Protocols.Etcd.V3;

namespace Noded.Store.Etcd;

/// <summary>One member of the etcd cluster, and the connection to it.</summary>
internal sealed class EtcdEndpoint : IDisposable
{
    // What an answer may have at most. Ranges are asked for in parts that fit.
    private const int MaxAnswerBytes = 64 << 20;

    // etcd refuses pings that come more often than every 5 s.
    private static readonly TimeSpan PingPeriod = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    private readonly GrpcChannel _channel;
    private Version? _version;

    public EtcdEndpoint(Uri address, EtcdStoreOptions options)
    {
        SocketsHttpHandler handler = new()
        {
            // A dead connection is noticed while a watch waits on it.
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = PingPeriod,
            KeepAlivePingTimeout = PingTimeout,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.Timeout,
            UseProxy = false,
            // gRPC's own way of connecting looks at the connection every few seconds.
            ConnectCallback = static (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, cancellationToken),
            SslOptions = Tls(options),
        };
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxAnswerBytes,
            MaxSendMessageSize = null,
            MaxRetryAttempts = null,
        });
        Keys = new(_channel);
        Watches = new(_channel);
        Leases = new(_channel);
    }

    public KV.KVClient Keys { get; }

    public Watch.WatchClient Watches { get; }

    public Lease.LeaseClient Leases { get; }

    /// <summary>
    /// Whether an answer to a request for progress comes after all events it speaks of: etcd 3.4.31, 3.5.13 and later.
    /// </summary>
    public async Task<bool> HasReliableProgressAsync(CancellationToken cancellationToken)
    {
        if (_version is null)
        {
            StatusResponse status = await new Maintenance.MaintenanceClient(_channel).StatusAsync(
                new StatusRequest(), new CallOptions(cancellationToken: cancellationToken));
            _version = Version.TryParse(status.Version.Split('-')[0], out Version? version) ? version : new(0, 0);
        }

        return IsReliable(_version);
    }

    public void Dispose() => _channel.Dispose();

    internal static bool IsReliable(Version version) =>
        version >= new Version(3, 5, 13) || (version >= new Version(3, 4, 31) && version < new Version(3, 5));

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint address, CancellationToken cancellationToken)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SslClientAuthenticationOptions Tls(EtcdStoreOptions options)
    {
        SslClientAuthenticationOptions tls = new();

        if (options.ClientCertificate is not null)
        {
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(
                options.ClientCertificate, additionalCertificates: null, offline: true);
        }

        if (options.Authorities.Count > 0)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(options.Authorities);
        }

        return tls;
    }
}
