using System.Text;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for Events, whose paths are those of the core group in either version (pkg/apis/core/validation).</summary>
internal static class EventRules
{
    private const int LongestName = 128;
    private const int LongestNote = 1024;

    private static readonly FieldPath Place = new("involvedObject.namespace");

    /// <summary>What holds for Events of the core group.</summary>
    public static void Validate(JsonObject document, FieldErrors errors)
    {
        string ns = document.Namespace();
        string place = document.Object("involvedObject").Text("namespace") ?? "";
        bool isNew = document.Text("eventTime") is not null;
        bool fits = isNew
            ? place.Length > 0 || ns is "default" or "kube-system"
            : place.Length == 0 ? ns == "default" : place == ns;
        if (!fits)
        {
            errors.Invalid(Place, place, "does not match event.namespace");
        }

        if (isNew)
        {
            Reported(document, errors);
        }

        errors.Invalid(new FieldPath("namespace"), ns, NameRules.Dns1123Subdomain(ns));
    }

    /// <summary>What holds for Events of events.k8s.io when they are made.</summary>
    public static void ValidateNew(JsonObject document, FieldErrors errors)
    {
        JsonObject core = EventVersions.ToCore(document.Copy());
        Validate(core, errors);
        Series(core, errors);
        if (core.Text("eventTime") is null)
        {
            errors.Required(new FieldPath("eventTime"));
        }

        if (core.Text("type") is not ("Normal" or "Warning"))
        {
            errors.Invalid(new FieldPath("type"), "", $"has invalid value: {core.Text("type")}");
        }

        foreach (string name in (ReadOnlySpan<string>)["firstTimestamp", "lastTimestamp"])
        {
            if (core.Text(name) is not null)
            {
                errors.Invalid(new FieldPath(name), "", "needs to be unset");
            }
        }

        if (core.Integer("count") is not (null or 0))
        {
            errors.Invalid(new FieldPath("count"), "", "needs to be unset");
        }

        JsonObject? source = core.Object("source");
        if (!string.IsNullOrEmpty(source.Text("component")) || !string.IsNullOrEmpty(source.Text("host")))
        {
            errors.Invalid(new FieldPath("source"), "", "needs to be unset");
        }
    }

    /// <summary>What holds for Events of events.k8s.io when they are changed: only their series may.</summary>
    public static void ValidateNewUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        JsonObject core = EventVersions.ToCore(document.Copy());
        JsonObject before = EventVersions.ToCore(old.Copy());
        Validate(core, errors);
        if (!JsonNode.DeepEquals(core["series"], before["series"]))
        {
            Series(core, errors);
        }

        foreach (string name in (ReadOnlySpan<string>)
            ["involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type", "eventTime", "action", "related", "reportingInstance"])
        {
            errors.Immutable(new FieldPath(name), core[name], before[name]);
        }

        errors.Immutable(new FieldPath("reportingController"), core["reportingComponent"], before["reportingComponent"]);
    }

    private static void Reported(JsonObject document, FieldErrors errors)
    {
        FieldPath controller = new("reportingController");
        string name = document.Text("reportingComponent") ?? "";
        if (name.Length == 0)
        {
            errors.Required(controller);
        }

        errors.Invalid(controller, name, NameRules.QualifiedName(name));
        Text(document, "reportingInstance", LongestName, errors);
        Text(document, "action", LongestName, errors);
        Text(document, "reason", LongestName, errors);
        if (Encoding.UTF8.GetByteCount(document.Text("message") ?? "") > LongestNote)
        {
            errors.Invalid(new FieldPath("message"), "", $"can have at most {LongestNote} characters");
        }
    }

    private static void Text(JsonObject document, string name, int longest, FieldErrors errors)
    {
        string text = document.Text(name) ?? "";
        if (text.Length == 0)
        {
            errors.Required(new FieldPath(name));
        }
        else if (Encoding.UTF8.GetByteCount(text) > longest)
        {
            errors.Invalid(new FieldPath(name), "", $"can have at most {longest} characters");
        }
    }

    private static void Series(JsonObject core, FieldErrors errors)
    {
        if (core.Object("series") is not { } series)
        {
            return;
        }

        if ((series.Integer("count") ?? 0) < 2)
        {
            errors.Invalid(new FieldPath("series.count"), "", "should be at least 2");
        }

        if (series.Text("lastObservedTime") is null)
        {
            errors.Required(new FieldPath("series.lastObservedTime"));
        }
    }
}
