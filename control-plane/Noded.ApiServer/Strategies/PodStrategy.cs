using System.Collections.Frozen;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Tables;

using static Noded.ApiServer.Tables.TableColumns;

namespace Noded.ApiServer.Strategies;

/// <summary>Pods.</summary>
internal sealed class PodStrategy : Strategy
{
    private const string UpdateForbidden =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public override bool TracksGeneration => true;

    public override bool StatusUpdatesLabels => true;

    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } = Fields(
        ("spec.nodeName", pod => TextAt(pod, "spec", "nodeName")),
        ("spec.restartPolicy", pod => TextAt(pod, "spec", "restartPolicy")),
        ("spec.schedulerName", pod => TextAt(pod, "spec", "schedulerName")),
        ("spec.serviceAccountName", pod => TextAt(pod, "spec", "serviceAccountName")),
        ("spec.hostNetwork", pod => pod.At("spec", "hostNetwork").AsBoolean() == true ? "true" : "false"),
        ("status.phase", pod => TextAt(pod, "status", "phase")),
        ("status.podIP", pod => TextAt(pod, "status", "podIP")),
        ("status.nominatedNodeName", pod => TextAt(pod, "status", "nominatedNodeName")));

    public override TableColumns Columns { get; } = Of(
        Text("Ready", PodCells.Ready),
        Text("Status", PodCells.Status),
        new("Restarts", "string", (pod, now) => PodCells.Restarts(pod, now)),
        Text("IP", pod => TextAt(pod, "status", "podIP") ?? Cells.None, isWide: true),
        Text("Node", pod => TextAt(pod, "spec", "nodeName") ?? Cells.None, isWide: true),
        Text("Nominated Node", pod => TextAt(pod, "status", "nominatedNodeName") ?? Cells.None, isWide: true),
        Text("Readiness Gates", PodCells.ReadinessGates, isWide: true));

    public override void ApplyDefaults(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        PodSpecDefaults.Apply(spec);
        PodSpecDefaults.ApplyToPod(spec);
    }

    public override void PrepareForCreate(JsonObject document)
    {
        JsonObject status = new() { ["phase"] = "Pending", ["qosClass"] = PodCells.QosClass(document) };
        if (document.Object("spec").Objects("schedulingGates").Any())
        {
            status["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "PodScheduled",
                ["status"] = "False",
                ["reason"] = "SchedulingGated",
                ["message"] = "Scheduling is blocked due to non-empty scheduling gates",
            });
        }

        document["status"] = status;
    }

    public override void PrepareForSubresource(JsonObject document, JsonObject old, string subresource)
    {
        JsonObject wished = document.Copy();
        base.PrepareForSubresource(document, old, subresource);
        if (subresource == "ephemeralcontainers")
        {
            ObjectPreparation.Copy(document.ObjectOrNew("spec"), wished.ObjectOrNew("spec"), "ephemeralContainers");
        }
        else if (subresource == "resize")
        {
            foreach (JsonObject container in document.Object("spec").Objects("containers"))
            {
                JsonObject? asked = wished.Object("spec").Objects("containers")
                    .FirstOrDefault(candidate => candidate.Text("name") == container.Text("name"));
                if (asked is not null)
                {
                    ObjectPreparation.Copy(container, asked, "resources");
                }
            }
        }
    }

    public override void Validate(JsonObject document, FieldErrors errors) => PodRules.Validate(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(Fixed(document, old), Fixed(old, old)))
        {
            errors.Forbidden(new FieldPath("spec"), UpdateForbidden);
        }
    }

    public override void ValidateSubresource(JsonObject document, JsonObject old, string subresource, FieldErrors errors)
    {
        if (subresource == "ephemeralcontainers")
        {
            PodChanges.EphemeralContainers(document, old, errors);
        }
        else if (subresource == "resize")
        {
            PodChanges.Resize(document, old, errors);
        }
    }

    public override long? GracePeriod(JsonObject document, long? wished)
    {
        bool isOver = document.At("status", "phase").AsText() is "Succeeded" or "Failed";
        bool isUnbound = string.IsNullOrEmpty(document.At("spec", "nodeName").AsText());
        long period = wished ?? document.At("spec", "terminationGracePeriodSeconds").AsInteger() ?? 30;
        return isOver || isUnbound ? 0 : Math.Max(period < 0 ? 1 : period, 0);
    }

    /// <summary>A pod's spec without what may change.</summary>
    private static JsonObject Fixed(JsonObject pod, JsonObject old)
    {
        JsonObject spec = pod.Object("spec")?.Copy() ?? [];
        JsonObject oldSpec = old.Object("spec") ?? [];
        foreach (JsonObject container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            container.Remove("image");
        }

        spec.Remove("activeDeadlineSeconds");
        spec.Remove("schedulingGates");
        JsonArray before = oldSpec.Array("tolerations") ?? [];
        JsonArray now = spec.Array("tolerations") ?? [];
        bool onlyAdds = before.All(item => now.Any(present => JsonNode.DeepEquals(item, present)));
        if (onlyAdds)
        {
            spec.Remove("tolerations");
        }

        if (oldSpec.Integer("terminationGracePeriodSeconds") < 0)
        {
            spec.Remove("terminationGracePeriodSeconds");
        }

        if (oldSpec.Objects("schedulingGates").Any())
        {
            spec.Remove("nodeSelector");
            spec.Remove("affinity");
        }

        return spec;
    }
}
