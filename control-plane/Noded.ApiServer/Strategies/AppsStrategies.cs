using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Tables;

using static Noded.ApiServer.Tables.TableColumns;

namespace Noded.ApiServer.Strategies;

/// <summary>Deployments.</summary>
internal sealed class DeploymentStrategy : WorkloadStrategy
{
    public override TableColumns Columns { get; } = Of(
    [
        Text("Ready", d => Ratio(d.At("status", "readyReplicas"), d.At("spec", "replicas"))),
        Number("Up-to-date", d => d.At("status", "updatedReplicas").AsInteger() ?? 0),
        Number("Available", d => d.At("status", "availableReplicas").AsInteger() ?? 0),
        .. TableColumns.Containers("spec", "template", "spec"),
        Text("Selector", d => Cells.Selector(d.Object("spec").Object("selector")), isWide: true),
    ]);

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors)
    {
        StatusRules.Replicas(document, ["updatedReplicas", "readyReplicas", "availableReplicas"], "readyReplicas", errors);
        StatusRules.NotDecremented(document, old, errors);
    }

    internal static string Ratio(JsonNode? part, JsonNode? all) =>
        string.Create(CultureInfo.InvariantCulture, $"{part.AsInteger() ?? 0}/{all.AsInteger() ?? 0}");

    protected override void ApplyDefaultsToSpec(JsonObject document, JsonObject spec)
    {
        spec.Default("replicas", 1L);
        JsonObject strategy = spec.ObjectOrNew("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            JsonObject rolling = strategy.ObjectOrNew("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }

        spec.Default("revisionHistoryLimit", 10L);
        spec.Default("progressDeadlineSeconds", 600L);
    }

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        base.Validate(document, errors);
        JsonObject? spec = document.Object("spec");
        RolloutRules.Deployment(spec.Object("strategy"), Spec.Child("strategy"), errors);
        if (spec.Integer("progressDeadlineSeconds") is { } deadline && deadline <= (spec.Integer("minReadySeconds") ?? 0))
        {
            errors.Invalid(Spec.Child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds");
        }
    }
}

/// <summary>ReplicaSets and ReplicationControllers.</summary>
internal sealed class ReplicaSetStrategy(bool hasPlainSelector) : WorkloadStrategy
{
    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } = Fields(
        ("status.replicas", d => (d.At("status", "replicas").AsInteger() ?? 0).ToString(CultureInfo.InvariantCulture)));

    public override TableColumns Columns { get; } = Of(
    [
        Number("Desired", d => d.At("spec", "replicas").AsInteger() ?? 0),
        Number("Current", d => d.At("status", "replicas").AsInteger() ?? 0),
        Number("Ready", d => d.At("status", "readyReplicas").AsInteger() ?? 0),
        .. TableColumns.Containers("spec", "template", "spec"),
        Text(
            "Selector",
            d => hasPlainSelector
                ? Cells.Labels(d.Object("spec").Object("selector"))
                : Cells.Selector(d.Object("spec").Object("selector")),
            isWide: true),
    ]);

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors) =>
        StatusRules.Replicas(document, ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"], "readyReplicas", errors);

    public override string DefaultPropagation => hasPlainSelector ? "Orphan" : base.DefaultPropagation;

    protected override void ApplyDefaultsToSpec(JsonObject document, JsonObject spec)
    {
        spec.Default("replicas", 1L);
        JsonObject? labels = spec.Object("template").Object("metadata").Object("labels");
        if (hasPlainSelector && labels is not null)
        {
            spec.Default("selector", labels.DeepClone());
        }
    }

    public override void PrepareForCreate(JsonObject document) => document["status"] = new JsonObject { ["replicas"] = 0L };

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        if (hasPlainSelector)
        {
            Validate(document, errors);
        }
        else
        {
            base.ValidateUpdate(document, old, errors);
        }
    }
}

/// <summary>DaemonSets.</summary>
internal sealed class DaemonSetStrategy : WorkloadStrategy
{
    public override TableColumns Columns { get; } = Of(
    [
        Number("Desired", d => d.At("status", "desiredNumberScheduled").AsInteger() ?? 0),
        Number("Current", d => d.At("status", "currentNumberScheduled").AsInteger() ?? 0),
        Number("Ready", d => d.At("status", "numberReady").AsInteger() ?? 0),
        Number("Up-to-date", d => d.At("status", "updatedNumberScheduled").AsInteger() ?? 0),
        Number("Available", d => d.At("status", "numberAvailable").AsInteger() ?? 0),
        Text("Node Selector", d => Cells.Labels(d.At("spec", "template", "spec").Object("nodeSelector"))),
        .. TableColumns.Containers("spec", "template", "spec"),
        Text("Selector", d => Cells.Selector(d.Object("spec").Object("selector")), isWide: true),
    ]);

    protected override void ApplyDefaultsToSpec(JsonObject document, JsonObject spec)
    {
        JsonObject strategy = spec.ObjectOrNew("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            JsonObject rolling = strategy.ObjectOrNew("rollingUpdate");
            rolling.Default("maxUnavailable", 1L);
            rolling.Default("maxSurge", 0L);
        }

        spec.Default("revisionHistoryLimit", 10L);
    }

    public override void PrepareForCreate(JsonObject document) => document["status"] = new JsonObject
    {
        ["currentNumberScheduled"] = 0L,
        ["numberMisscheduled"] = 0L,
        ["desiredNumberScheduled"] = 0L,
        ["numberReady"] = 0L,
    };

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        base.Validate(document, errors);
        RolloutRules.DaemonSet(document.Object("spec").Object("updateStrategy"), Spec.Child("updateStrategy"), errors);
    }

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors)
    {
        StatusRules.Counts(
            document,
            [
                "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration",
                "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount",
            ],
            errors);
        StatusRules.NotDecremented(document, old, errors);
    }
}

/// <summary>StatefulSets.</summary>
internal sealed class StatefulSetStrategy : WorkloadStrategy
{
    private static readonly string[] Changeable =
    [
        "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
    ];

    public override TableColumns Columns { get; } = Of(
    [
        Text("Ready", d => DeploymentStrategy.Ratio(d.At("status", "readyReplicas"), d.At("spec", "replicas"))),
        .. TableColumns.Containers("spec", "template", "spec"),
    ]);

    protected override void ApplyDefaultsToSpec(JsonObject document, JsonObject spec)
    {
        spec.Default("podManagementPolicy", "OrderedReady");
        JsonObject strategy = spec.ObjectOrNew("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.ObjectOrNew("rollingUpdate").Default("partition", 0L);
        }

        JsonObject retention = spec.ObjectOrNew("persistentVolumeClaimRetentionPolicy");
        retention.Default("whenDeleted", "Retain");
        retention.Default("whenScaled", "Retain");
        spec.Default("replicas", 1L);
        spec.Default("revisionHistoryLimit", 10L);
        foreach (JsonObject claim in spec.Objects("volumeClaimTemplates"))
        {
            claim.Default("apiVersion", "v1");
            claim.Default("kind", "PersistentVolumeClaim");
            claim.ObjectOrNew("spec").Default("volumeMode", "Filesystem");
            claim.ObjectOrNew("status").Default("phase", "Pending");
        }
    }

    public override void PrepareForCreate(JsonObject document) => document["status"] = new JsonObject { ["replicas"] = 0L };

    public override IEnumerable<string> NameErrors(string name) => NameRules.Dns1123Label(name);

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors)
    {
        StatusRules.Replicas(
            document, ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"], "status.readyReplicas", errors);
        StatusRules.NotDecremented(document, old, errors);
    }

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        base.Validate(document, errors);
        JsonObject? spec = document.Object("spec");
        RolloutRules.StatefulSet(spec.Object("updateStrategy"), Spec.Child("updateStrategy"), errors);
        errors.NonNegative(Spec.Child("ordinals.start"), spec.Object("ordinals").Integer("start"));
        foreach (string name in (ReadOnlySpan<string>)["whenDeleted", "whenScaled"])
        {
            FieldPath path = Spec.Child("persistentVolumeClaimRetentionPolicy").Child(name);
            errors.OneOf(path, spec.Object("persistentVolumeClaimRetentionPolicy").Text(name), "Delete", "Retain");
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Validate(document, errors);
        if (!JsonNode.DeepEquals(Fixed(document), Fixed(old)))
        {
            string list = string.Join(", ", Changeable[..^1].Select(name => $"'{name}'"));
            errors.Forbidden(
                Spec,
                $"updates to statefulset spec for fields other than {list} and '{Changeable[^1]}' are forbidden");
        }
    }

    /// <summary>Pods have a volume for each claim that is made for them.</summary>
    protected override JsonObject? TemplateOf(JsonObject spec)
    {
        JsonObject? template = base.TemplateOf(spec)?.Copy();
        if (template.Object("spec") is not { } pod)
        {
            return template;
        }

        JsonArray volumes = new([.. pod.Objects("volumes").Select(volume => volume.DeepClone())]);
        foreach (string name in spec.Objects("volumeClaimTemplates").Select(claim => claim.Name()))
        {
            foreach (JsonObject same in volumes.OfType<JsonObject>().Where(volume => volume.Text("name") == name).ToArray())
            {
                volumes.Remove(same);
            }

            volumes.Add((JsonNode)new JsonObject { ["name"] = name, ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = name } });
        }

        pod["volumes"] = volumes;
        return template;
    }

    private static JsonObject Fixed(JsonObject document)
    {
        JsonObject spec = document.Object("spec")?.Copy() ?? [];
        foreach (string name in Changeable)
        {
            spec.Remove(name);
        }

        return spec;
    }
}

/// <summary>ControllerRevisions.</summary>
internal sealed class ControllerRevisionStrategy : Strategy
{
    public override TableColumns Columns { get; } = Of(
        Text("Controller", d => d.Metadata().Objects("ownerReferences")
            .Where(owner => owner.Boolean("controller") == true)
            .Select(owner => $"{owner.Text("kind")?.ToLowerInvariant()}.{owner.Text("apiVersion")?.Split('/')[0]}/{owner.Text("name")}")
            .FirstOrDefault() ?? Cells.None),
        Number("Revision", d => d.Integer("revision") ?? 0));

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        if (document["data"] is null)
        {
            errors.Required(new FieldPath("data"), "data is mandatory");
        }

        errors.NonNegative(new FieldPath("revision"), document.Integer("revision"));
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Validate(document, errors);
        errors.Immutable(new FieldPath("data"), document["data"], old["data"]);
    }
}
