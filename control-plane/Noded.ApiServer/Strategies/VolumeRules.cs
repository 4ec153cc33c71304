using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;
using Noded.Primitives;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for PersistentVolumes and PersistentVolumeClaims (pkg/apis/core/validation).</summary>
internal static class VolumeRules
{
    private const string OnlyOne = "may not specify more than 1 volume type";
    private const string NotInline = "may not be specified in the context of inline volumes";

    private static readonly FieldPath Spec = new("spec");
    private static readonly string[] AccessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

    private static readonly ImmutableArray<string> Sources =
        [.. SchemaCatalog.BuiltIn["core/v1.PersistentVolumeSource"].Ordered.Select(field => field.Name)];

    public static void ValidateVolume(JsonObject document, FieldErrors errors)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        if (spec.Array("accessModes") is null or { Count: 0 })
        {
            errors.Required(Spec.Child("accessModes"));
        }

        Modes(spec, Spec.Child("accessModes"), errors);
        Capacity(spec, Spec.Child("capacity"), errors);
        Source(spec, Spec, errors);
        errors.AllowName(Spec.Child("storageClassName"), spec.Text("storageClassName"), NameRules.Dns1123Subdomain);
        AttributesClass(spec, errors);
        bool recyclesRoot = spec.Text("persistentVolumeReclaimPolicy") == "Recycle"
            && spec.Object("hostPath").Text("path")?.TrimEnd('/').Length == 0;
        if (recyclesRoot)
        {
            errors.Forbidden(Spec.Child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'");
        }
    }

    public static void ValidateVolumeUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        ValidateVolume(document, errors);
        if (!JsonNode.DeepEquals(SourceOf(document, old), SourceOf(old, old)))
        {
            errors.Forbidden(new FieldPath("spec.persistentvolumesource"), "spec.persistentvolumesource is immutable after creation");
        }

        // These two paths are upstream's.
        errors.Immutable(new FieldPath("volumeMode"), document.At("spec", "volumeMode"), old.At("spec", "volumeMode"));
        if (old.At("spec", "nodeAffinity") is { } affinity)
        {
            errors.Immutable(new FieldPath("nodeAffinity"), document.At("spec", "nodeAffinity"), affinity);
        }

        AttributesClassUpdate(document, old, errors);
    }

    public static void ValidateClaim(JsonObject document, FieldErrors errors) =>
        ClaimSpec(document.ObjectOrNew("spec"), Spec, errors);

    /// <summary>A claim's spec, in a claim or in the template of one.</summary>
    public static void ClaimSpec(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        if (spec.Array("accessModes") is null or { Count: 0 })
        {
            errors.Required(path.Child("accessModes"), "at least 1 access mode is required");
        }

        SelectorRules.Validate(spec.Object("selector"), path.Child("selector"), errors);
        Modes(spec, path.Child("accessModes"), errors);
        FieldPath storage = path.Child("resources").Key("storage");
        if (spec.Object("resources").Object("requests").Text("storage") is null)
        {
            errors.Required(storage);
        }

        AmountRules.Positive(spec.At("resources", "requests", "storage"), storage, errors);
        errors.AllowName(path.Child("storageClassName"), spec.Text("storageClassName"), NameRules.Dns1123Subdomain);
        errors.AllowName(path.Child("volumeAttributesClassName"), spec.Text("volumeAttributesClassName"), NameRules.Dns1123Subdomain);
        DataSource(spec.Object("dataSource"), path.Child("dataSource"), errors);
        DataSource(spec.Object("dataSourceRef"), path.Child("dataSourceRef"), errors);
        JsonObject? reference = spec.Object("dataSourceRef");
        if (spec.Object("dataSource") is { } source && reference is not null)
        {
            bool isElsewhere = reference.Text("namespace") is { Length: > 0 };
            bool isSame = ((string[])["apiGroup", "kind", "name"]).All(name => source.Text(name) == reference.Text(name));
            if (isElsewhere || !isSame)
            {
                errors.Invalid(
                    path, path.Child("dataSource").ToString(), isElsewhere ? "may not be specified when dataSourceRef.namespace is specified" : "must match dataSourceRef");
            }
        }
    }

    /// <summary>What of a bound claim may become larger, and which class it may have.</summary>
    public static void ValidateClaimUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        bool isKnown = Quantity.TryParse(Storage(document), out Quantity now) & Quantity.TryParse(Storage(old), out Quantity before);
        _ = Quantity.TryParse(old.At("status", "capacity", "storage").AsText(), out Quantity had);
        if (isKnown && now < before && now <= had)
        {
            errors.Forbidden(new FieldPath("spec.resources.requests.storage"), "field can not be less than status.capacity");
        }

        errors.Immutable(new FieldPath("volumeMode"), document.At("spec", "volumeMode"), old.At("spec", "volumeMode"));
        AttributesClassUpdate(document, old, errors);
    }

    /// <summary>A volume's spec within a VolumeAttachment.</summary>
    public static void Inline(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        foreach (string name in (ReadOnlySpan<string>)["claimRef", "capacity", "nodeAffinity", "storageClassName"])
        {
            if (spec[name] is JsonObject { Count: > 0 } || spec.Text(name) is { Length: > 0 })
            {
                errors.Forbidden(path.Child(name), NotInline);
            }
        }

        if (spec.Object("csi") is null)
        {
            errors.Required(path.Child("csi"), "has to be specified in the context of inline volumes");
        }

        if (spec.Array("accessModes") is null or { Count: 0 })
        {
            errors.Required(path.Child("accessModes"));
        }

        Modes(spec, path.Child("accessModes"), errors);
        Source(spec, path, errors);
    }

    private static string? Storage(JsonObject claim) => claim.At("spec", "resources", "requests", "storage").AsText();

    private static void Modes(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        string[] modes = [.. spec.Texts("accessModes")];
        foreach (string mode in modes)
        {
            errors.OneOf(path, mode, AccessModes);
        }

        if (modes.Contains("ReadWriteOncePod") && modes.Any(mode => mode != "ReadWriteOncePod" && AccessModes.Contains(mode)))
        {
            errors.Forbidden(path, "may not use ReadWriteOncePod with other access modes");
        }
    }

    private static void Capacity(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        JsonObject capacity = spec.Object("capacity") ?? [];
        if (capacity.Count == 0)
        {
            errors.Required(path);
        }

        if (capacity.Count != 1 || !capacity.ContainsKey("storage"))
        {
            errors.Refuse(path, $"Unsupported value: {capacity.ToJsonString()}: supported values: \"storage\"");
        }

        foreach ((string name, JsonNode? amount) in capacity)
        {
            AmountRules.Positive(amount, path.Key(name), errors);
        }
    }

    private static void Source(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        string[] given = [.. Sources.Where(name => spec[name] is JsonObject)];
        if (given.Length == 0)
        {
            errors.Required(path, "must specify a volume type");
        }

        foreach (string other in given.Skip(1))
        {
            errors.Forbidden(path.Child(other), OnlyOne);
        }

        if (spec.Object("csi") is { } csi)
        {
            StorageRules.DriverName(csi.Text("driver") ?? "", path.Child("csi").Child("driver"), errors);
        }

        if (spec.Object("local") is not null && spec.Object("nodeAffinity").Object("required") is null)
        {
            errors.Required(path.Child("nodeAffinity"), "Local volume requires node affinity");
        }

        string? host = spec.Object("hostPath").Text("path");
        if (host?.Split('/').Contains("..") == true)
        {
            errors.Invalid(path.Child("hostPath").Child("path"), host, "must not contain '..'");
        }
    }

    /// <summary>Where a volume's data are; which secret serves its growth may be said later.</summary>
    private static JsonObject SourceOf(JsonObject document, JsonObject old)
    {
        JsonObject source = [];
        foreach (string name in Sources)
        {
            source[name] = document.At("spec", name)?.DeepClone();
        }

        if (old.At("spec", "csi", "controllerExpandSecretRef") is null)
        {
            source.Object("csi")?.Remove("controllerExpandSecretRef");
        }

        return source;
    }

    private static void AttributesClass(JsonObject spec, FieldErrors errors)
    {
        FieldPath path = Spec.Child("volumeAttributesClassName");
        if (spec.Text("volumeAttributesClassName") is not { } name)
        {
            return;
        }

        if (name.Length == 0)
        {
            errors.Required(path, "an empty string is disallowed");
        }

        errors.AllowName(path, name, NameRules.Dns1123Subdomain);
        if (spec.Object("csi") is null)
        {
            errors.Required(Spec.Child("csi"), "has to be specified when using volumeAttributesClassName");
        }
    }

    private static void AttributesClassUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        FieldPath path = Spec.Child("volumeAttributesClassName");
        if (old.At("spec", "volumeAttributesClassName").AsText() is null)
        {
            return;
        }

        switch (document.At("spec", "volumeAttributesClassName").AsText())
        {
            case null:
                errors.Forbidden(path, "update from non-nil value to nil is forbidden");
                break;
            case "":
                errors.Forbidden(path, "update from non-nil value to an empty string is forbidden");
                break;
            default:
                break;
        }
    }

    private static void DataSource(JsonObject? source, FieldPath path, FieldErrors errors)
    {
        if (source is null)
        {
            return;
        }

        foreach (string name in (ReadOnlySpan<string>)["name", "kind"])
        {
            if (string.IsNullOrEmpty(source.Text(name)))
            {
                errors.Required(path.Child(name));
            }
        }

        string group = source.Text("apiGroup") ?? "";
        if (group.Length == 0 && source.Text("kind") != "PersistentVolumeClaim")
        {
            errors.Invalid(path, source.Text("kind"), "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
        }

        errors.AllowName(path.Child("apiGroup"), group, NameRules.Dns1123Subdomain);
        errors.AllowName(path.Child("namespace"), source.Text("namespace"), NameRules.Dns1123Label);
    }
}
