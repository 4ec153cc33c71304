using System.Collections.Frozen;
using System.Text.Json.Nodes;

using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Tables;

namespace Noded.ApiServer.Strategies;

/// <summary>Events of events.k8s.io/v1, kept as those of the core group.</summary>
internal static class EventVersions
{
    private static readonly (string Core, string Events)[] Names =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ];

    public static JsonObject ToCore(JsonObject document)
    {
        foreach ((string core, string events) in Names)
        {
            Rename(document, events, core);
        }

        document["apiVersion"] = "v1";
        return document;
    }

    public static JsonObject FromCore(JsonObject document)
    {
        foreach ((string core, string events) in Names)
        {
            Rename(document, core, events);
        }

        document["apiVersion"] = "events.k8s.io/v1";
        return document;
    }

    private static void Rename(JsonObject document, string from, string to)
    {
        if (document[from] is { } value)
        {
            document.Remove(from);
            document[to] = value;
        }
    }
}

/// <summary>Events as events.k8s.io/v1 has them.</summary>
internal sealed class NewEventStrategy : Strategy
{
    public override bool AllowsCreateOnUpdate => true;

    public override bool Expires => true;

    public override TableColumns Columns { get; } = new([.. new EventStrategy().Columns.All.Select(OfCore)]);

    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } = Fields(
    [
        .. ((string[])["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"]).Select(
            name => ($"regarding.{name}", (Func<JsonObject, string?>)(e => TextAt(e, "regarding", name)))),
        ("reason", e => e.Text("reason")),
        ("reportingController", e => e.Text("reportingController")),
        ("type", e => e.Text("type")),
    ]);

    public override void Validate(JsonObject document, FieldErrors errors) => EventRules.ValidateNew(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        EventRules.ValidateNewUpdate(document, old, errors);

    private static TableColumn OfCore(TableColumn column) => column with
    {
        Cell = (document, now) => column.Cell(EventVersions.ToCore(document.Copy()), now),
    };
}
