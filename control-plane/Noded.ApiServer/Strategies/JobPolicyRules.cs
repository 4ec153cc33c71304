using System.Globalization;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for when a Job has failed or succeeded (pkg/apis/batch/validation).</summary>
internal static class JobPolicyRules
{
    private const int MostRules = 20;
    private const int MostExitCodes = 255;
    private const int MostPatterns = 20;
    private const int LongestIndexes = 64 << 10;

    private static readonly string[] Actions = ["Count", "FailIndex", "FailJob", "Ignore"];

    public static void Failure(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        JsonObject[] rules = [.. spec.Object("podFailurePolicy").Objects("rules")];
        FieldPath rulesPath = path.Child("rules");
        if (rules.Length > MostRules)
        {
            errors.TooMany(rulesPath, rules.Length, MostRules);
        }

        JsonObject? pod = spec.Object("template").Object("spec");
        HashSet<string> containers =
            [.. pod.Objects("containers").Concat(pod.Objects("initContainers")).Select(container => container.Text("name") ?? "")];
        for (int i = 0; i < rules.Length; i++)
        {
            Rule(rules[i], spec.Integer("backoffLimitPerIndex") is not null, containers, rulesPath.Index(i), errors);
        }
    }

    public static void Success(JsonObject policy, long completions, FieldPath path, FieldErrors errors)
    {
        JsonObject[] rules = [.. policy.Objects("rules")];
        FieldPath rulesPath = path.Child("rules");
        if (rules.Length == 0)
        {
            errors.Required(rulesPath, "at least one rules must be specified when the successPolicy is specified");
        }
        else if (rules.Length > MostRules)
        {
            errors.TooMany(rulesPath, rules.Length, MostRules);
        }

        for (int i = 0; i < rules.Length; i++)
        {
            SuccessRule(rules[i], completions, rulesPath.Index(i), errors);
        }
    }

    private static void Rule(JsonObject rule, bool hasLimitPerIndex, HashSet<string> containers, FieldPath path, FieldErrors errors)
    {
        string action = rule.Text("action") ?? "";
        if (action.Length == 0)
        {
            errors.Required(path.Child("action"), "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
        }
        else if (action == "FailIndex" && !hasLimitPerIndex)
        {
            errors.Invalid(path.Child("action"), action, "requires the backoffLimitPerIndex to be set");
        }
        else
        {
            errors.OneOf(path.Child("action"), action, Actions);
        }

        JsonObject[] patterns = [.. rule.Objects("onPodConditions")];
        JsonObject? codes = rule.Object("onExitCodes");
        if (codes is not null)
        {
            ExitCodes(codes, containers, path.Child("onExitCodes"), errors);
        }

        Patterns(patterns, path.Child("onPodConditions"), errors);
        if (codes is not null && patterns.Length > 0)
        {
            errors.Refuse(path, "Invalid value: specifying both OnExitCodes and OnPodConditions is not supported");
        }
        else if (codes is null && patterns.Length == 0)
        {
            errors.Refuse(path, "Invalid value: specifying one of OnExitCodes and OnPodConditions is required");
        }
    }

    private static void Patterns(JsonObject[] patterns, FieldPath path, FieldErrors errors)
    {
        if (patterns.Length > MostPatterns)
        {
            errors.TooMany(path, patterns.Length, MostPatterns);
        }

        for (int i = 0; i < patterns.Length; i++)
        {
            string type = patterns[i].Text("type") ?? "";
            errors.Invalid(path.Index(i).Child("type"), type, NameRules.QualifiedName(type));
            string status = patterns[i].Text("status") ?? "";
            if (status.Length == 0)
            {
                errors.Required(path.Index(i).Child("status"), "valid values: [\"False\" \"True\" \"Unknown\"]");
            }
            else
            {
                errors.OneOf(path.Index(i).Child("status"), status, "False", "True", "Unknown");
            }
        }
    }

    private static void ExitCodes(JsonObject codes, HashSet<string> containers, FieldPath path, FieldErrors errors)
    {
        string operation = codes.Text("operator") ?? "";
        if (operation.Length == 0)
        {
            errors.Required(path.Child("operator"), "valid values: [\"In\" \"NotIn\"]");
        }
        else
        {
            errors.OneOf(path.Child("operator"), operation, "In", "NotIn");
        }

        if (codes.Text("containerName") is { } name && !containers.Contains(name))
        {
            errors.Invalid(
                path.Child("containerName"), name, "must be one of the container or initContainer names in the pod template");
        }

        FieldPath valuesPath = path.Child("values");
        long[] values = [.. (codes.Array("values") ?? []).Select(value => value.AsInteger() ?? 0)];
        if (values.Length == 0)
        {
            errors.InvalidPart(valuesPath, codes["values"], "at least one value is required");
        }
        else if (values.Length > MostExitCodes)
        {
            errors.TooMany(valuesPath, values.Length, MostExitCodes);
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (operation == "In" && values[i] == 0)
            {
                errors.Invalid(valuesPath.Index(i), 0, "must not be 0 for the In operator");
            }

            if (values.AsSpan(0, i).Contains(values[i]))
            {
                errors.Refuse(valuesPath.Index(i), string.Create(CultureInfo.InvariantCulture, $"Duplicate value: {values[i]}"));
            }
        }

        if (!values.SequenceEqual(values.Order()))
        {
            errors.InvalidPart(valuesPath, codes["values"], "must be ordered");
        }
    }

    private static void SuccessRule(JsonObject rule, long completions, FieldPath path, FieldErrors errors)
    {
        string? indexes = rule.Text("succeededIndexes");
        long? count = rule.Integer("succeededCount");
        FieldPath countPath = path.Child("succeededCount");
        if (indexes is null && count is null)
        {
            errors.Required(path, "at least one of succeededCount or succeededIndexes must be specified");
        }

        long total = 0;
        if (indexes is not null)
        {
            if (indexes.Length > LongestIndexes)
            {
                errors.TooLong(path.Child("succeededIndexes"), LongestIndexes);
            }

            if (IndexError(indexes, completions, out total) is { } error)
            {
                errors.Invalid(path.Child("succeededIndexes"), indexes, $"error parsing succeededIndexes: {error}");
            }
        }

        errors.NonNegative(countPath, count);
        if (count > completions)
        {
            errors.Invalid(countPath, count.Value, $"must be less than or equal to {completions} (the number of specified completions)");
        }

        if (indexes is not null && count > total)
        {
            errors.Invalid(
                countPath, count.Value, $"must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)");
        }
    }

    /// <summary>Reads <c>1,3-5,7</c>; null if it is in order.</summary>
    private static string? IndexError(string indexes, long completions, out long total)
    {
        total = 0;
        long last = -1;
        foreach (string interval in indexes.Length == 0 ? [] : indexes.Split(','))
        {
            string[] ends = interval.Split('-');
            if (ends.Length > 2)
            {
                return $"the fragment \"{interval}\" violates the requirement that an index interval can have at most two parts separated by '-'";
            }

            long[] numbers = new long[ends.Length];
            for (int i = 0; i < ends.Length; i++)
            {
                if (!long.TryParse(ends[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                {
                    return $"cannot convert string to integer for index: \"{ends[i]}\"";
                }

                if (numbers[i] >= completions)
                {
                    return $"too large index: \"{ends[i]}\"";
                }
            }

            if (numbers.Length == 2 && numbers[0] >= numbers[1])
            {
                return $"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}";
            }

            if (numbers[0] <= last)
            {
                return $"non-increasing order, previous: {last}, current: {numbers[0]}";
            }

            last = numbers[^1];
            total += last - numbers[0] + 1;
        }

        return null;
    }
}
