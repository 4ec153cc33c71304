using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for what controllers count in statuses.</summary>
internal static class StatusRules
{
    private static readonly FieldPath Status = new("status");

    public static void Counts(JsonObject document, ReadOnlySpan<string> names, FieldErrors errors)
    {
        foreach (string name in names)
        {
            errors.NonNegative(Status.Child(name), document["status"].Integer(name));
        }
    }

    /// <summary>Parts of the replicas are no more than all of them, and those that are available no more than the ready.</summary>
    /// <param name="document">The object.</param>
    /// <param name="parts">What is counted beside the replicas.</param>
    /// <param name="ready">What upstream calls those that are ready.</param>
    /// <param name="errors">Where to say it.</param>
    public static void Replicas(JsonObject document, ReadOnlySpan<string> parts, string ready, FieldErrors errors)
    {
        JsonObject? status = document.Object("status");
        Counts(document, ["replicas", "observedGeneration", "collisionCount"], errors);
        Counts(document, parts, errors);
        long all = status.Integer("replicas") ?? 0;
        foreach (string name in parts)
        {
            if (status.Integer(name) is { } part && part > all)
            {
                errors.Invalid(Status.Child(name), part, "cannot be greater than status.replicas");
            }
        }

        if (status.Integer("availableReplicas") is { } available && available > (status.Integer("readyReplicas") ?? 0))
        {
            errors.Invalid(Status.Child("availableReplicas"), available, $"cannot be greater than {ready}");
        }
    }

    /// <summary>What has happened once has happened.</summary>
    public static void NotDecremented(JsonObject document, JsonObject old, FieldErrors errors)
    {
        long now = document["status"].Integer("collisionCount") ?? 0;
        if (now < (old["status"].Integer("collisionCount") ?? 0))
        {
            errors.Invalid(Status.Child("collisionCount"), now, "cannot be decremented");
        }
    }
}
