using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.Primitives;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for ServiceCIDRs and IPAddresses (pkg/apis/networking/validation).</summary>
internal static class ServiceAddressRules
{
    private static readonly FieldPath Ranges = new("spec.cidrs");
    private static readonly FieldPath Parent = new("spec.parentRef");

    public static IEnumerable<string> NameErrors(string name)
    {
        if (NetworkNames.Address(name) is not { } address)
        {
            yield return NetworkNames.AddressMessage;
        }
        else if (address.ToString() != name)
        {
            yield return $"must be in canonical form (\"{address}\")";
        }
    }

    public static void ValidateAddress(JsonObject document, FieldErrors errors)
    {
        if (document.At("spec", "parentRef") is not JsonObject parent)
        {
            errors.Required(Parent);
            return;
        }

        errors.AllowName(Parent.Child("group"), parent.Text("group"), NameRules.Dns1123Subdomain);
        errors.RequireName(Parent.Child("resource"), parent.Text("resource"), PathSegment.Errors);
        errors.RequireName(Parent.Child("name"), parent.Text("name"), PathSegment.Errors);
        errors.AllowName(Parent.Child("namespace"), parent.Text("namespace"), PathSegment.Errors);
    }

    public static void ValidateRange(JsonObject document, FieldErrors errors)
    {
        string[] ranges = [.. document["spec"].Texts("cidrs")];
        if (ranges.Length == 0)
        {
            errors.Required(Ranges, "at least one CIDR required");
            return;
        }

        if (ranges.Length > 2)
        {
            errors.InvalidPart(Ranges, document["spec"], "may only hold up to 2 values");
            return;
        }

        IPPrefix[] known = [.. ranges.Select((text, index) => Read(text, Ranges.Index(index), errors)).OfType<IPPrefix>()];
        if (known is [var one, var other] && one.IsV6 == other.IsV6)
        {
            errors.InvalidPart(
                Ranges, document.At("spec", "cidrs"), "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
        }
    }

    /// <summary>A range of the other family may be added.</summary>
    public static void ValidateRangeUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        string[] before = [.. old["spec"].Texts("cidrs")];
        string[] after = [.. document["spec"].Texts("cidrs")];
        if (after.Length != before.Length && (before.Length, after.Length) != (1, 2))
        {
            errors.InvalidPart(Ranges, document.At("spec", "cidrs"), "field is immutable");
            return;
        }

        for (int i = 0; i < before.Length; i++)
        {
            if (before[i] != after[i])
            {
                errors.Invalid(Ranges.Index(i), after[i], "field is immutable");
            }
        }

        if (after.Length > before.Length)
        {
            ValidateRange(document, errors);
        }
    }

    private static IPPrefix? Read(string text, FieldPath path, FieldErrors errors)
    {
        NetworkNames.Prefix(text, path, errors);
        return IPPrefix.TryParse(text, out IPPrefix prefix) ? prefix : null;
    }
}
