using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Noded.Testing;

/// <summary>A certificate authority and the leaves it issues, ECDSA P-256, for one test.</summary>
/// <remarks>
/// Certificates carry their private keys. Disposing disposes the authority's; leaves are the caller's.
/// </remarks>
public sealed class TestPki : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    // A leaf may not outlive its issuer, and tests ask for leaves in the past and in the future.
    private static readonly TimeSpan AuthorityMargin = TimeSpan.FromDays(3650);

    private readonly TimeProvider _clock;

    public TestPki(TimeProvider clock, string name = "test-ca")
    {
        _clock = clock;
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        DateTimeOffset now = clock.GetUtcNow();
        Authority = request.CreateSelfSigned(now - AuthorityMargin, now + AuthorityMargin);
    }

    public X509Certificate2 Authority { get; }

    /// <summary>Issues a certificate for servers.</summary>
    /// <param name="names">Subject alternative names: IP addresses and DNS names.</param>
    public X509Certificate2 IssueServer(string commonName, IEnumerable<string> names, TestValidity? validity = null)
    {
        SubjectAlternativeNameBuilder alternatives = new();

        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        return Issue(commonName, [], ServerAuthentication, alternatives.Build(), validity);
    }

    /// <summary>
    /// Issues a certificate for clients; to Kubernetes the common name is the user, organizations are groups.
    /// </summary>
    public X509Certificate2 IssueClient(
        string commonName,
        IEnumerable<string> organizations,
        TestValidity? validity = null) =>
        Issue(commonName, organizations, ClientAuthentication, alternatives: null, validity);

    /// <summary>Writes <c>NAME.crt</c> and <c>NAME.key</c> as PEM, readable by the owner only.</summary>
    public static void WritePem(X509Certificate2 certificate, string directory, string name)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()
            ?? throw new CryptographicException($"{certificate.Subject} has no private key.");
        WritePrivate(Path.Combine(directory, $"{name}.crt"), certificate.ExportCertificatePem() + "\n");
        WritePrivate(Path.Combine(directory, $"{name}.key"), key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose() => Authority.Dispose();

    private X509Certificate2 Issue(
        string commonName,
        IEnumerable<string> organizations,
        string usage,
        X509Extension? alternatives,
        TestValidity? validity)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(Subject(commonName, organizations), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Authority, true, false));

        if (alternatives is not null)
        {
            request.CertificateExtensions.Add(alternatives);
        }

        (TimeSpan from, TimeSpan until) = validity ?? TestValidity.OneHour;
        DateTimeOffset now = _clock.GetUtcNow();
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        using X509Certificate2 certificate = request.Create(Authority, now + from, now + until, serial);
        return certificate.CopyWithPrivateKey(key);
    }

    private static X500DistinguishedName Subject(string commonName, IEnumerable<string> organizations)
    {
        X500DistinguishedNameBuilder subject = new();

        foreach (string organization in organizations)
        {
            subject.AddOrganizationName(organization);
        }

        subject.AddCommonName(commonName);
        return subject.Build();
    }

    private static void WritePrivate(string path, string text)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException();
        }

        // Created with the mode, not given it afterwards: there is no moment in which others can read a key.
        using FileStream file = new(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        using StreamWriter writer = new(file);
        writer.Write(text);
    }
}

/// <summary>When a certificate is valid, relative to the moment of issue; negative is before it.</summary>
public sealed record TestValidity(TimeSpan From, TimeSpan Until)
{
    /// <summary>From a minute ago, for clocks that differ a little, for an hour.</summary>
    public static TestValidity OneHour { get; } = new(TimeSpan.FromMinutes(-1), TimeSpan.FromHours(1));
}
