using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Noded.Store;

namespace Noded.ApiServer.Hosting;

/// <summary>What an API server needs to serve.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Where objects are kept; the server does not dispose it.</summary>
    public required IStore Store { get; init; }

    public required TimeProvider Clock { get; init; }

    /// <summary>The certificate with its key that the server shows.</summary>
    public required X509Certificate2 ServerCertificate { get; init; }

    /// <summary>Who vouches for clients.</summary>
    public required X509Certificate2Collection ClientAuthorities { get; init; }

    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0 for any that is free.</summary>
    public int Port { get; init; }

    /// <summary>Where Services get their addresses.</summary>
    public string ServiceCidr { get; init; } = "10.96.0.0/12";

    /// <summary>Where pods find the server; null to leave out the endpoints of its Service.</summary>
    public IPAddress? AdvertiseAddress { get; init; }

    /// <summary>The server's port there.</summary>
    public int AdvertisePort { get; init; } = 6443;

    /// <summary>Signs the tokens of ServiceAccounts: RSA or ECDSA.</summary>
    public required AsymmetricAlgorithm ServiceAccountKey { get; init; }

    /// <summary>Keys whose tokens are known, too; their private parts are not needed.</summary>
    public ImmutableArray<AsymmetricAlgorithm> OlderServiceAccountKeys { get; init; } = [];

    /// <summary>Who tokens say has issued them; also the audience that the server itself is.</summary>
    public string ServiceAccountIssuer { get; init; } = "https://kubernetes.default.svc.cluster.local";

    /// <summary>The authority of the server's certificate as PEM, told to every namespace; null to tell none.</summary>
    public string? ClusterAuthority { get; init; }

    /// <summary>How long a request may take that is no watch.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long events stay after they were written last.</summary>
    public TimeSpan EventTimeToLive { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long the store remembers what was overwritten, at least; zero if this server is not to compact it.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether the controllers run here that no cluster can do without: namespaces, garbage collection.</summary>
    public bool RunsControllers { get; init; } = true;
}
