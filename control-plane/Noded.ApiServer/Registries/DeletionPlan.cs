using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Registries;

/// <summary>What a request to delete does to an object: removes it, or marks it.</summary>
/// <param name="Removes">Whether the object goes at once.</param>
/// <param name="Document">The object as it is then.</param>
internal sealed record DeletionPlan(bool Removes, JsonObject Document)
{
    private const string ForegroundFinalizer = "foregroundDeletion";
    private const string OrphanFinalizer = "orphan";

    /// <summary>Decides without acting; <paramref name="current"/> stays as it is.</summary>
    public static DeletionPlan Compute(Resource resource, JsonObject current, DeleteOptions options, DateTimeOffset now)
    {
        JsonObject document = current.Copy();
        SetPropagation(resource, document, options);
        JsonObject metadata = document.Metadata();
        long? grace = resource.Strategy.GracePeriod(document, options.GracePeriodSeconds);
        if (document.IsBeingDeleted())
        {
            Shorten(metadata, grace, now);
        }
        else
        {
            metadata["deletionTimestamp"] = ScalarDecoder.Time(now.AddSeconds(grace ?? 0));
            metadata["deletionGracePeriodSeconds"] = grace ?? 0;
            Advance(metadata);
        }

        resource.Strategy.MarkDeleted(document);
        bool isOver = metadata.Integer("deletionGracePeriodSeconds") is null or 0;
        return new DeletionPlan(isOver && resource.Strategy.IsFinal(document), document);
    }

    /// <summary>Whether an object that was changed has thereby become free to go.</summary>
    public static bool IsOver(Resource resource, JsonObject document) =>
        document.IsBeingDeleted()
        && document.Object("metadata").Integer("deletionGracePeriodSeconds") is null or 0
        && resource.Strategy.IsFinal(document);

    private static void SetPropagation(Resource resource, JsonObject document, DeleteOptions options)
    {
        List<string> finalizers = [.. document.Finalizers()];
        bool wasAsked = finalizers.Contains(ForegroundFinalizer) || finalizers.Contains(OrphanFinalizer);
        string propagation = options.Propagation ?? (wasAsked ? "" : resource.Strategy.DefaultPropagation);
        if (propagation.Length == 0)
        {
            return;
        }

        finalizers.RemoveAll(name => name is ForegroundFinalizer or OrphanFinalizer);
        if (propagation is "Foreground" or "Orphan")
        {
            finalizers.Add(propagation == "Orphan" ? OrphanFinalizer : ForegroundFinalizer);
        }

        document.SetFinalizers(finalizers);
    }

    /// <summary>A second request can only shorten what the first one allowed.</summary>
    private static void Shorten(JsonObject metadata, long? grace, DateTimeOffset now)
    {
        long allowed = metadata.Integer("deletionGracePeriodSeconds") ?? 0;
        if (grace is { } shorter && shorter < allowed)
        {
            bool isKnown = ScalarDecoder.TryTime(metadata.Text("deletionTimestamp"), out DateTimeOffset end);
            DateTimeOffset begun = isKnown ? end.AddSeconds(-allowed) : now;
            metadata["deletionTimestamp"] = ScalarDecoder.Time(begun.AddSeconds(shorter));
            metadata["deletionGracePeriodSeconds"] = shorter;
        }
    }

    private static void Advance(JsonObject metadata)
    {
        if (metadata.Integer("generation") is { } generation and > 0)
        {
            metadata["generation"] = generation + 1;
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Removes} {Document.Name()}");
}
