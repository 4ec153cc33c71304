using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for CertificateSigningRequests (pkg/apis/certificates/validation).</summary>
internal static class CertificateRules
{
    private const string LegacySigner = "kubernetes.io/legacy-unknown";
    private const int ShortestExpiry = 600;
    private const int LongestSigner = 571;

    private static readonly FieldPath Spec = new("spec");
    private static readonly FieldPath Conditions = new("status.conditions");
    private static readonly FieldPath Certificate = new("status.certificate");
    private static readonly string[] Decisions = ["Approved", "Denied"];

    public static void Validate(JsonObject document, FieldErrors errors)
    {
        string request = document.At("spec", "request").AsText() ?? "";
        try
        {
            SigningRequest.Parse(request);
        }
        catch (FormatException e)
        {
            errors.Invalid(Spec.Child("request"), request, e.Message);
        }

        string[] usages = [.. document["spec"].Texts("usages")];
        if (usages.Length == 0)
        {
            errors.Required(Spec.Child("usages"));
        }

        for (int i = 0; i < usages.Length; i++)
        {
            if (usages.AsSpan(0, i).Contains(usages[i]))
            {
                errors.Duplicate(Spec.Child("usages").Index(i), usages[i]);
            }
        }

        Signer(document.At("spec", "signerName").AsText() ?? "", Spec.Child("signerName"), errors);
        if (document.At("spec", "expirationSeconds").AsInteger() is { } seconds and < ShortestExpiry)
        {
            errors.Invalid(
                Spec.Child("expirationSeconds"), seconds, "may not specify a duration less than 600 seconds (10 minutes)");
        }
    }

    /// <summary>A change of the status, which may have a certificate now but no other decision.</summary>
    public static void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors)
    {
        ConditionList([.. document["status"].Objects("conditions")], errors);
        Kept(document, old, errors);
        foreach (string type in Decisions)
        {
            JsonArray before = Of(old, type);
            JsonArray after = Of(document, type);
            if (after.Count > before.Count)
            {
                errors.Forbidden(Conditions, $"updates may not add a condition of type \"{type}\"");
            }
            else if (after.Count == before.Count && !JsonNode.DeepEquals(before, after))
            {
                errors.Forbidden(Conditions, $"updates may not modify a condition of type \"{type}\"");
            }
        }

        string had = old.At("status", "certificate").AsText() ?? "";
        string has = document.At("status", "certificate").AsText() ?? "";
        if (had == has)
        {
            return;
        }

        if (had.Length > 0)
        {
            errors.Forbidden(Certificate, "updates may not modify existing certificate content");
        }

        if (CertificateError(has) is { } error)
        {
            errors.Invalid(Certificate, "<certificate data>", error);
        }
    }

    /// <summary>A decision, which may be added but not taken back.</summary>
    public static void ValidateApproval(JsonObject document, JsonObject old, FieldErrors errors)
    {
        ConditionList([.. document["status"].Objects("conditions")], errors);
        Kept(document, old, errors);
    }

    private static void Signer(string name, FieldPath path, FieldErrors errors)
    {
        if (name == LegacySigner)
        {
            errors.Invalid(path, name, "the legacy signerName is not allowed via this API version");
            return;
        }

        string[] parts = name.Split('/');
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        else if (parts is not [{ Length: > 0 } domain, { Length: > 0 } rest])
        {
            errors.Invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
        }
        else
        {
            errors.Invalid(path, domain, NameRules.Dns1123Subdomain(domain));
            errors.Invalid(path, rest, NameRules.Dns1123Subdomain(rest));
            if (!domain.Contains('.', StringComparison.Ordinal))
            {
                errors.Invalid(path, domain, "should be a domain with at least two segments separated by dots");
            }

            if (name.Length > LongestSigner)
            {
                errors.TooLong(path, LongestSigner);
            }
        }
    }

    private static void ConditionList(JsonObject[] conditions, FieldErrors errors)
    {
        HashSet<string> seen = [];
        for (int i = 0; i < conditions.Length; i++)
        {
            FieldPath path = Conditions.Index(i);
            string type = conditions[i].Text("type") ?? "";
            string status = conditions[i].Text("status") ?? "";
            if (type.Length == 0)
            {
                errors.Required(path.Child("type"));
            }

            if (status.Length == 0)
            {
                errors.Required(path.Child("status"));
            }
            else if (type is "Approved" or "Denied" or "Failed")
            {
                errors.OneOf(path.Child("status"), status, "True");
            }
            else
            {
                errors.OneOf(path.Child("status"), status, "False", "True", "Unknown");
            }

            bool contradicts = Decisions.Contains(type) && Decisions.Any(other => other != type && seen.Contains(other));
            if (contradicts)
            {
                errors.Invalid(Conditions, type, "Approved and Denied conditions are mutually exclusive");
            }

            if (!seen.Add(type))
            {
                errors.Duplicate(path.Child("type"), type);
            }
        }
    }

    private static void Kept(JsonObject document, JsonObject old, FieldErrors errors)
    {
        foreach (string type in (ReadOnlySpan<string>)["Approved", "Denied", "Failed"])
        {
            if (Of(document, type).Count < Of(old, type).Count)
            {
                errors.Forbidden(Conditions, $"updates may not remove a condition of type \"{type}\"");
            }
        }
    }

    private static JsonArray Of(JsonObject document, string type) => new([.. document["status"].Objects("conditions")
        .Where(condition => condition.Text("type") == type)
        .Select(condition => condition.DeepClone())]);

    /// <summary>What is wrong with certificates as PEM in base64; null if nothing is.</summary>
    private static string? CertificateError(string base64)
    {
        if (base64.Length == 0)
        {
            return null;
        }

        ReadOnlySpan<char> rest = Encoding.UTF8.GetString(Convert.FromBase64String(base64)); // the type of the field sees to it
        int blocks = 0;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            if (rest[fields.Label] is not "CERTIFICATE")
            {
                return $"only CERTIFICATE PEM blocks are allowed, found \"{rest[fields.Label]}\"";
            }

            try
            {
                using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(
                    Convert.FromBase64String(rest[fields.Base64Data].ToString()));
            }
            catch (Exception e) when (e is CryptographicException or FormatException)
            {
                return e.Message;
            }

            blocks++;
            rest = rest[fields.Location.End..];
        }

        return blocks == 0 ? "must contain at least one CERTIFICATE PEM block" : null;
    }
}
