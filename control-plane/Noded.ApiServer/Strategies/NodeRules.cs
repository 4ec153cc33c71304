using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.Primitives;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for Nodes (pkg/apis/core/validation).</summary>
internal static class NodeRules
{
    private static readonly FieldPath Spec = new("spec");

    public static void Validate(JsonObject node, FieldErrors errors)
    {
        JsonObject[] taints = [.. node["spec"].Objects("taints")];
        HashSet<(string, string)> seen = [];
        for (int i = 0; i < taints.Length; i++)
        {
            FieldPath path = new FieldPath("metadata.taints").Index(i); // upstream's path
            string key = taints[i].Text("key") ?? "";
            string value = taints[i].Text("value") ?? "";
            string effect = taints[i].Text("effect") ?? "";
            errors.Invalid(path.Child("key"), key, NameRules.QualifiedName(key));
            errors.Invalid(path.Child("value"), value, NameRules.LabelValue(value));
            errors.RequireOneOf(path.Child("effect"), effect, "NoExecute", "NoSchedule", "PreferNoSchedule");
            if (!seen.Add((key, effect)))
            {
                errors.Refuse(path, $"Duplicate value: {taints[i].ToJsonString()}: taints must be unique by key and effect pair");
            }
        }

        Ranges([.. node["spec"].Texts("podCIDRs")], errors);
        ValidateStatus(node, errors);
    }

    public static void ValidateStatus(JsonObject node, FieldErrors errors)
    {
        foreach (string part in (ReadOnlySpan<string>)["capacity", "allocatable"])
        {
            foreach ((string name, JsonNode? amount) in node["status"].Object(part) ?? [])
            {
                AmountRules.NotNegative(amount, new FieldPath("status").Child(part).Key(name), errors);
            }
        }
    }

    /// <summary>What a node has been given once stays.</summary>
    public static void ValidateUpdate(JsonObject node, JsonObject old, FieldErrors errors)
    {
        Validate(node, errors);
        string[] before = [.. old["spec"].Texts("podCIDRs")];
        string[] after = [.. node["spec"].Texts("podCIDRs")];
        if (before.Length > 0 && !before.SequenceEqual(after))
        {
            errors.Forbidden(Spec.Child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid");
        }

        if (old.At("spec", "providerID").AsText() is { Length: > 0 } id && node.At("spec", "providerID").AsText() != id)
        {
            errors.Forbidden(Spec.Child("providerID"), "node updates may not change providerID except from \"\" to valid");
        }
    }

    private static void Ranges(string[] ranges, FieldErrors errors)
    {
        FieldPath path = Spec.Child("podCIDRs");
        for (int i = 0; i < ranges.Length; i++)
        {
            NetworkNames.Prefix(ranges[i], path.Index(i), errors);
        }

        bool isDual = ranges is [var one, var other]
            && IPPrefix.TryParse(one, out IPPrefix first) && IPPrefix.TryParse(other, out IPPrefix second) && first.IsV6 != second.IsV6;
        if (ranges.Length > 1 && !isDual)
        {
            errors.Invalid(path, $"[{string.Join(' ', ranges)}]", "may specify no more than one CIDR for each IP family");
        }
    }
}
