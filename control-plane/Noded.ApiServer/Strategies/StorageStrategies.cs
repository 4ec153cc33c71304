using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Tables;

using static Noded.ApiServer.Tables.TableColumns;

namespace Noded.ApiServer.Strategies;

/// <summary>PersistentVolumes.</summary>
internal sealed class PersistentVolumeStrategy : Strategy
{
    public override TableColumns Columns { get; } = Of(
        Text("Capacity", d => TextAt(d, "spec", "capacity", "storage")),
        Text("Access Modes", d => VolumeCells.Modes(d["spec"])),
        Text("Reclaim Policy", d => TextAt(d, "spec", "persistentVolumeReclaimPolicy")),
        Text("Status", d => d.IsBeingDeleted() ? "Terminating" : TextAt(d, "status", "phase")),
        Text("Claim", d => d.At("spec", "claimRef") is { } claim ? $"{claim.Text("namespace")}/{claim.Text("name")}" : ""),
        Text("StorageClass", d => VolumeCells.Class(d)),
        Text("VolumeAttributesClass", d => TextAt(d, "spec", "volumeAttributesClassName") ?? Cells.Unset),
        Text("Reason", d => TextAt(d, "status", "reason")),
        Text("VolumeMode", d => TextAt(d, "spec", "volumeMode") ?? Cells.Unset, isWide: true));

    public override void ApplyDefaults(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        spec.Default("persistentVolumeReclaimPolicy", "Retain");
        spec.Default("volumeMode", "Filesystem");
        spec.Object("hostPath")?.TryAdd("type", "");
    }

    public override void PrepareForCreate(JsonObject document) =>
        document["status"] = new JsonObject { ["phase"] = "Pending" };

    public override void Validate(JsonObject document, FieldErrors errors) => VolumeRules.ValidateVolume(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        VolumeRules.ValidateVolumeUpdate(document, old, errors);
}

/// <summary>PersistentVolumeClaims.</summary>
internal sealed class PersistentVolumeClaimStrategy : Strategy
{
    private const string SpecImmutable =
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

    public override TableColumns Columns { get; } = Of(
        Text("Status", d => d.IsBeingDeleted() ? "Terminating" : TextAt(d, "status", "phase")),
        Text("Volume", d => TextAt(d, "spec", "volumeName")),
        Text("Capacity", d => TextAt(d, "spec", "volumeName") is null ? "" : TextAt(d, "status", "capacity", "storage")),
        Text("Access Modes", d => TextAt(d, "spec", "volumeName") is null ? "" : VolumeCells.Modes(d["status"])),
        Text("StorageClass", d => VolumeCells.Class(d)),
        Text("VolumeAttributesClass", d => TextAt(d, "spec", "volumeAttributesClassName") ?? Cells.Unset),
        Text("VolumeMode", d => TextAt(d, "spec", "volumeMode") ?? Cells.Unset, isWide: true));

    public override void ApplyDefaults(JsonObject document) =>
        document.ObjectOrNew("spec").Default("volumeMode", "Filesystem");

    public override void PrepareForCreate(JsonObject document)
    {
        document["status"] = new JsonObject { ["phase"] = "Pending" };
        Unify(document.ObjectOrNew("spec"));
    }

    public override void Validate(JsonObject document, FieldErrors errors) => VolumeRules.ValidateClaim(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Validate(document, errors);
        if (!JsonNode.DeepEquals(Fixed(document, old), Fixed(old, old)))
        {
            errors.Forbidden(new FieldPath("spec"), SpecImmutable);
        }

        VolumeRules.ValidateClaimUpdate(document, old, errors);
    }

    /// <summary>The older and the newer way to say where data come from say the same.</summary>
    private static void Unify(JsonObject spec)
    {
        JsonObject? source = spec.Object("dataSource");
        JsonObject? reference = spec.Object("dataSourceRef");
        if (source is not null && reference is null)
        {
            spec["dataSourceRef"] = source.DeepClone();
        }
        else if (source is null && reference is not null && string.IsNullOrEmpty(reference.Text("namespace")))
        {
            JsonObject copy = reference.Copy();
            copy.Remove("namespace");
            spec["dataSource"] = copy;
        }
    }

    private static JsonObject Fixed(JsonObject claim, JsonObject old)
    {
        JsonObject spec = claim.Object("spec")?.Copy() ?? [];
        if (old.At("status", "phase").AsText() == "Bound")
        {
            spec.Object("resources").Object("requests")?.Remove("storage");
        }

        spec.Remove("volumeAttributesClassName");
        if (old.At("spec", "volumeName") is null)
        {
            spec.Remove("volumeName"); // set once, when the claim is bound
        }

        if (old.At("spec", "storageClassName") is null)
        {
            spec.Remove("storageClassName"); // and a class may be given to a claim that has none
        }

        return spec;
    }
}

/// <summary>StorageClasses.</summary>
internal sealed class StorageClassStrategy : Strategy
{
    internal const string DefaultAnnotation = "storageclass.kubernetes.io/is-default-class";

    public override TableColumns Columns { get; } = Exactly(
        new("Name", "string", (d, _) => IsDefault(d) ? $"{d.Name()} (default)" : d.Name()) { Format = "name" },
        Text("Provisioner", d => d.Text("provisioner")),
        Text("ReclaimPolicy", d => d.Text("reclaimPolicy")),
        Text("VolumeBindingMode", d => d.Text("volumeBindingMode")),
        Flag("AllowVolumeExpansion", d => d.Boolean("allowVolumeExpansion") == true),
        AgeColumn);

    public static bool IsDefault(JsonObject document) =>
        document.Object("metadata").Object("annotations").Text(DefaultAnnotation) == "true";

    public override void ApplyDefaults(JsonObject document)
    {
        document.Default("reclaimPolicy", "Delete");
        document.Default("volumeBindingMode", "Immediate");
    }

    public override void Validate(JsonObject document, FieldErrors errors) => StorageRules.ValidateClass(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        StorageRules.ValidateClassUpdate(document, old, errors);
}

/// <summary>CSIDrivers.</summary>
internal sealed class CsiDriverStrategy : Strategy
{
    public override bool TracksGeneration => true;

    public override TableColumns Columns { get; } = Of(
        Flag("AttachRequired", d => d.At("spec", "attachRequired").AsBoolean() == true),
        Flag("PodInfoOnMount", d => d.At("spec", "podInfoOnMount").AsBoolean() == true),
        Flag("StorageCapacity", d => d.At("spec", "storageCapacity").AsBoolean() == true),
        Text("TokenRequests", d => Cells.Join(d["spec"].Objects("tokenRequests").Select(r => r.Text("audience") ?? ""), Cells.Unset)),
        Flag("RequiresRepublish", d => d.At("spec", "requiresRepublish").AsBoolean() == true),
        Text("Modes", d => Cells.Join(d["spec"].Texts("volumeLifecycleModes"))));

    public override void ApplyDefaults(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        spec.Default("attachRequired", JsonValue.Create(true));
        spec.Default("podInfoOnMount", JsonValue.Create(false));
        spec.Default("storageCapacity", JsonValue.Create(false));
        spec.Default("fsGroupPolicy", "ReadWriteOnceWithFSType");
        spec.Default("volumeLifecycleModes", new JsonArray("Persistent"));
        spec.Default("requiresRepublish", JsonValue.Create(false));
        spec.Default("seLinuxMount", JsonValue.Create(false));
    }

    public override void Validate(JsonObject document, FieldErrors errors) => StorageRules.ValidateDriver(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        StorageRules.ValidateDriverUpdate(document, old, errors);
}

/// <summary>Kinds that need no more than columns and rules.</summary>
internal sealed class RulesStrategy(TableColumns columns) : Strategy
{
    public override TableColumns Columns => columns;

    /// <summary>What is filled in.</summary>
    public Action<JsonObject>? Defaults { get; init; }

    public required Action<JsonObject, FieldErrors> Rules { get; init; }

    /// <summary>Rules for a change; null for those that hold anyway.</summary>
    public Action<JsonObject, JsonObject, FieldErrors>? UpdateRules { get; init; }

    /// <summary>Rules for the status; null for none.</summary>
    public Action<JsonObject, FieldErrors>? StatusRules { get; init; }

    public override void ApplyDefaults(JsonObject document) => Defaults?.Invoke(document);

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors) =>
        StatusRules?.Invoke(document, errors);

    public override void Validate(JsonObject document, FieldErrors errors) => Rules(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        if (UpdateRules is { } rules)
        {
            rules(document, old, errors);
        }
        else
        {
            Rules(document, errors);
        }
    }
}

/// <summary>What tables show of volumes.</summary>
internal static class VolumeCells
{
    private static readonly (string Mode, string Short)[] Short =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

    public static string Modes(JsonNode? part)
    {
        string[] modes = [.. part.Texts("accessModes")];
        return string.Join(',', Short.Where(pair => modes.Contains(pair.Mode)).Select(pair => pair.Short));
    }

    public static string Class(JsonObject document) =>
        document.Object("metadata").Object("annotations").Text("volume.beta.kubernetes.io/storage-class")
        ?? document.At("spec", "storageClassName").AsText() ?? "";
}
