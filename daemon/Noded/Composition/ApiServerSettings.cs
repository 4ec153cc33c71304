using System.Collections.Immutable;
using System.Net;

namespace Noded.Composition;

/// <summary>What an API server is told on its command line; files are PEM.</summary>
internal sealed record ApiServerSettings
{
    public required string CertificateFile { get; init; }

    public required string KeyFile { get; init; }

    public required string ClientAuthorityFile { get; init; }

    /// <summary>RSA or ECDSA.</summary>
    public required string SigningKeyFile { get; init; }

    /// <summary>Keys, private or public, whose tokens are taken, too.</summary>
    public ImmutableArray<string> TokenKeyFiles { get; init; } = [];

    public required string Issuer { get; init; }

    public required IPAddress BindAddress { get; init; }

    /// <summary>0 for any that is free.</summary>
    public required int Port { get; init; }

    /// <summary>Null to leave out the endpoints of the server's own Service.</summary>
    public IPAddress? AdvertiseAddress { get; init; }

    public required string ServiceCidr { get; init; }

    /// <summary>Empty for the embedded store.</summary>
    public ImmutableArray<Uri> EtcdServers { get; init; } = [];

    public string? EtcdAuthorityFile { get; init; }

    public string? EtcdCertificateFile { get; init; }

    public string? EtcdKeyFile { get; init; }

    public required string EtcdPrefix { get; init; }

    /// <summary>How long a request may take that is no watch.</summary>
    public required TimeSpan RequestTimeout { get; init; }

    /// <summary>How long events stay.</summary>
    public required TimeSpan EventTimeToLive { get; init; }

    /// <summary>Zero to leave compaction to others.</summary>
    public required TimeSpan CompactionInterval { get; init; }

    /// <summary>The embedded store's file.</summary>
    public required string StoreFile { get; init; }
}
