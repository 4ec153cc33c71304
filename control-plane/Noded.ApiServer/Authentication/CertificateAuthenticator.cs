using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Noded.ApiServer.Authentication;

/// <summary>Knows clients by certificates of the cluster's authority: common name is the user, organizations are groups.</summary>
internal sealed class CertificateAuthenticator(X509Certificate2Collection authorities, TimeProvider clock)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string CommonNameId = "2.5.4.3";
    private const string OrganizationId = "2.5.4.10";

    /// <summary>The client, or null if the certificate is none that the authorities vouch for.</summary>
    public UserIdentity? Authenticate(X509Certificate2? certificate)
    {
        if (certificate is null || !IsTrusted(certificate))
        {
            return null;
        }

        (string name, ImmutableArray<string> groups) = NamesOf(certificate.SubjectName);
        return name.Length == 0 ? null : new UserIdentity(name, [.. groups, UserIdentity.AuthenticatedGroup]);
    }

    private bool IsTrusted(X509Certificate2 certificate)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = clock.GetUtcNow().UtcDateTime;
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
}
