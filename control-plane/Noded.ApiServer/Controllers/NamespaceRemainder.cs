using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Controllers;

/// <summary>What stands in the way of a namespace's end.</summary>
internal sealed record NamespaceRemainder(ImmutableArray<(Resource Resource, JsonObject Item)> Left)
{
    public bool IsEmpty => Left.IsEmpty;

    /// <summary>What is left was listed at this revision or later.</summary>
    public long Revision { get; init; }

    /// <summary>Says it in the conditions, in upstream's words (pkg/controller/namespace/deletion).</summary>
    public void SetConditions(JsonObject status, DateTimeOffset now)
    {
        Set(status, now, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
        Set(status, now, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed");
        Set(status, now, "NamespaceDeletionContentFailure", false, "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
        string[] kinds = [.. Left.GroupBy(left => left.Resource.Definition.QualifiedName)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => string.Create(
                CultureInfo.InvariantCulture,
                $"{(group.Key.Contains('.', StringComparison.Ordinal) ? group.Key : group.Key + ".")} has {group.Count()} resource instances"))];
        Set(
            status,
            now,
            "NamespaceContentRemaining",
            kinds.Length > 0,
            kinds.Length > 0 ? "SomeResourcesRemain" : "ContentRemoved",
            kinds.Length > 0 ? $"Some resources are remaining: {string.Join(", ", kinds)}" : "All content successfully removed");
        string[] finalizers = [.. Left.SelectMany(left => left.Item.Finalizers())
            .GroupBy(name => name)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Key} in {group.Count()} resource instances"))];
        Set(
            status,
            now,
            "NamespaceFinalizersRemaining",
            finalizers.Length > 0,
            finalizers.Length > 0 ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
            finalizers.Length > 0
                ? $"Some content in the namespace has finalizers remaining: {string.Join(", ", finalizers)}"
                : "All content-preserving finalizers finished");
    }

    private static void Set(JsonObject status, DateTimeOffset now, string type, bool isTrue, string reason, string message)
    {
        if (status["conditions"] is not JsonArray conditions)
        {
            conditions = [];
            status["conditions"] = conditions;
        }

        JsonObject? condition = conditions.OfType<JsonObject>().FirstOrDefault(present => present.Text("type") == type);
        if (condition is null)
        {
            condition = new JsonObject { ["type"] = type };
            conditions.Add((JsonNode)condition);
        }

        string value = isTrue ? "True" : "False";
        if (condition.Text("status") != value)
        {
            condition["lastTransitionTime"] = ScalarDecoder.Time(now);
        }

        condition["status"] = value;
        condition["reason"] = reason;
        condition["message"] = message;
    }
}
