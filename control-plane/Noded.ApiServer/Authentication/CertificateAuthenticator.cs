using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Noded.ApiServer.Authentication;

/// <summary>Knows clients by certificates of the cluster's authority: common name is the user, organizations are groups.</summary>
internal sealed class CertificateAuthenticator(X509Certificate2Collection authorities, TimeProvider clock)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string CommonNameId = "2.5.4.3";
    private const string OrganizationId = "2.5.4.10";

    // A connection shows the same object with each of its requests; the verdict goes with it.
    private readonly ConditionalWeakTable<X509Certificate2, Verdict> _known = [];

    /// <summary>The client, or null if the certificate is none that the authorities vouch for.</summary>
    public UserIdentity? Authenticate(X509Certificate2? certificate)
    {
        if (certificate is null)
        {
            return null;
        }

        DateTimeOffset now = clock.GetUtcNow();
        if (!_known.TryGetValue(certificate, out Verdict? verdict) || now < verdict.From || now > verdict.Until)
        {
            verdict = Judge(certificate, now);
            _known.AddOrUpdate(certificate, verdict);
        }

        return verdict.User;
    }

    private Verdict Judge(X509Certificate2 certificate, DateTimeOffset now)
    {
        using X509Chain chain = new();
        bool isTrusted = IsTrusted(chain, certificate, now);
        (string name, ImmutableArray<string> groups) = NamesOf(certificate.SubjectName);
        if (!isTrusted || name.Length == 0)
        {
            // Time may make a certificate valid, so this holds for this moment only.
            return new Verdict(null, now, now);
        }

        return new Verdict(
            new UserIdentity(name, [.. groups, UserIdentity.AuthenticatedGroup]),
            chain.ChainElements.Max(element => element.Certificate.NotBefore.ToUniversalTime()),
            chain.ChainElements.Min(element => element.Certificate.NotAfter.ToUniversalTime()));
    }

    private bool IsTrusted(X509Chain chain, X509Certificate2 certificate, DateTimeOffset now)
    {
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        return chain.Build(certificate);
    }

    private static (string Name, ImmutableArray<string> Groups) NamesOf(X500DistinguishedName subject)
    {
        string name = "";
        ImmutableArray<string>.Builder groups = ImmutableArray.CreateBuilder<string>();
        foreach (X500RelativeDistinguishedName part in subject.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
            {
                continue;
            }

            string value = part.GetSingleElementValue() ?? "";
            if (part.GetSingleElementType().Value == CommonNameId)
            {
                name = value;
            }
            else if (part.GetSingleElementType().Value == OrganizationId)
            {
                groups.Add(value);
            }
        }

        return (name, groups.ToImmutable());
    }

    /// <summary>Whom a certificate stands for, null for nobody, and from when until when that holds.</summary>
    private sealed record Verdict(UserIdentity? User, DateTimeOffset From, DateTimeOffset Until);
}
