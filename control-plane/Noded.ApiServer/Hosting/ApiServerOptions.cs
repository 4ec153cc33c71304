using System.Net;
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
}
