using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Noded.ApiServer.Hosting;
using Noded.Store;
using Noded.Store.Etcd;
using Noded.Store.Sqlite;

namespace Noded.Composition;

/// <summary>The API server as a process of its own, wired by hand.</summary>
internal static partial class ApiServerProgram
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Serves until it is told to stop.</summary>
    /// <exception cref="IOException">A file cannot be read, or the address is in use.</exception>
    /// <exception cref="CryptographicException">A file is not what it should be.</exception>
    internal static async Task RunAsync(ApiServerSettings settings, CancellationToken cancellationToken)
    {
        using ILoggerFactory loggers = LoggerFactory.Create(Hosting.NodeHost.ConfigureLogging);
        using X509Certificate2 certificate = ReadPair(settings.CertificateFile, settings.KeyFile);
        X509Certificate2Collection clients = ReadAuthorities(settings.ClientAuthorityFile);
        using AsymmetricAlgorithm key = ReadTokenKey(settings.SigningKeyFile);
        await using IStore store = OpenStore(settings, loggers);
        await using ApiServerHost host = await ApiServerHost.StartAsync(
            new ApiServerOptions
            {
                Store = store,
                Clock = TimeProvider.System,
                ServerCertificate = certificate,
                ClientAuthorities = clients,
                ServiceAccountKey = key,
                OlderServiceAccountKeys = [.. settings.TokenKeyFiles.Select(ReadTokenKey)],
                ServiceAccountIssuer = settings.Issuer,
                Address = settings.BindAddress,
                Port = settings.Port,
                AdvertiseAddress = settings.AdvertiseAddress,
                AdvertisePort = settings.Port,
                ServiceCidr = settings.ServiceCidr,
                RequestTimeout = settings.RequestTimeout,
                EventTimeToLive = settings.EventTimeToLive,
                CompactionInterval = settings.CompactionInterval,
                ClusterAuthority = await File.ReadAllTextAsync(settings.ClientAuthorityFile, cancellationToken),
            },
            loggers,
            cancellationToken);
        ILogger logger = loggers.CreateLogger(nameof(ApiServerProgram));
        LogServing(logger, host.Address);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // SIGTERM: the store is closed in order.
        }
    }

    private static IStore OpenStore(ApiServerSettings settings, ILoggerFactory loggers)
    {
        if (settings.EtcdServers.IsEmpty)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(settings.StoreFile))!, OwnerOnly);
            return SqliteStore.Open(
                new SqliteStoreOptions(settings.StoreFile) { MayDefer = LeaseRenewal.Is },
                TimeProvider.System,
                loggers.CreateLogger<SqliteStore>());
        }

        return new EtcdStore(
            new EtcdStoreOptions(settings.EtcdServers)
            {
                Prefix = settings.EtcdPrefix,
                Authorities = settings.EtcdAuthorityFile is { } file ? ReadAuthorities(file) : [],
                ClientCertificate = settings is { EtcdCertificateFile: { } certificate, EtcdKeyFile: { } key }
                    ? ReadPair(certificate, key)
                    : null,
            },
            TimeProvider.System);
    }

    private static X509Certificate2 ReadPair(string certificate, string key) =>
        Explain($"read the certificate {certificate} with the key {key}", () => X509Certificate2.CreateFromPemFile(certificate, key));

    private static X509Certificate2Collection ReadAuthorities(string file) => Explain($"read the certificates {file}", () =>
    {
        X509Certificate2Collection authorities = [];
        authorities.ImportFromPemFile(file);
        return authorities;
    });

    /// <summary>An RSA or ECDSA key, private or public.</summary>
    private static AsymmetricAlgorithm ReadTokenKey(string file) => Explain<AsymmetricAlgorithm>($"read the RSA or ECDSA key {file}", () =>
    {
        string text = File.ReadAllText(file);
        RSA rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(text);
            return rsa;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            rsa.Dispose();
            ECDsa ecdsa = ECDsa.Create();
            ecdsa.ImportFromPem(text);
            return ecdsa;
        }
    });

    private static T Explain<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CryptographicException($"{what}: {e.Message}", e);
        }
    }

    [LoggerMessage(EventId = 2101, Level = LogLevel.Information, Message = "Serving on {Address}")]
    private static partial void LogServing(ILogger logger, Uri address);
}
