using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace Noded.Store.Etcd;

/// <summary>Which etcd to use and how to speak to it.</summary>
/// <param name="Endpoints">The members' client addresses, http or https; one is used until it fails.</param>
public sealed record EtcdStoreOptions(ImmutableArray<Uri> Endpoints)
{
    /// <summary>What all keys begin with in etcd, and nowhere here; ASCII.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Who must have issued the servers' certificates; without any, those whom the machine trusts.</summary>
    public X509Certificate2Collection Authorities { get; init; } = [];

    /// <summary>The certificate to show, with its private key.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>How long to wait for one answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}
