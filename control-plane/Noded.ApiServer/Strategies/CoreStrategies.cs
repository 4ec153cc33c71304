using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Tables;

using static Noded.ApiServer.Tables.TableColumns;

namespace Noded.ApiServer.Strategies;

/// <summary>Namespaces, which go only when the finalizers of their spec are done.</summary>
internal sealed class NamespaceStrategy : Strategy
{
    public override bool StatusUpdatesLabels => true;

    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } =
        Fields(("status.phase", d => TextAt(d, "status", "phase")));

    public override TableColumns Columns { get; } = Of(Text("Status", d => TextAt(d, "status", "phase")));

    public override IEnumerable<string> NameErrors(string name) => NameRules.Dns1123Label(name);

    public override void ApplyDefaults(JsonObject document) =>
        document.Metadata().ObjectOrNew("labels")["kubernetes.io/metadata.name"] = document.Name();

    public override void PrepareForCreate(JsonObject document)
    {
        JsonArray finalizers = document.ObjectOrNew("spec").Array("finalizers") ?? [];
        if (!finalizers.Any(name => name.AsText() == "kubernetes"))
        {
            finalizers.Add((JsonNode)"kubernetes");
            document.ObjectOrNew("spec")["finalizers"] = finalizers;
        }

        document["status"] = new JsonObject { ["phase"] = "Active" };
    }

    public override void PrepareForUpdate(JsonObject document, JsonObject old) =>
        ObjectPreparation.Copy(document, old, "spec");

    public override void PrepareForSubresource(JsonObject document, JsonObject old, string subresource)
    {
        JsonNode? spec = document["spec"]?.DeepClone();
        base.PrepareForSubresource(document, old, subresource);
        document["spec"] = spec;
    }

    public override bool IsFinal(JsonObject document) =>
        base.IsFinal(document) && document.Object("spec").Array("finalizers") is null or { Count: 0 };

    public override void MarkDeleted(JsonObject document) =>
        document.ObjectOrNew("status")["phase"] = "Terminating";
}

/// <summary>ConfigMaps.</summary>
internal sealed class ConfigMapStrategy : Strategy
{
    private const int MaxBytes = 1 << 20;

    public override TableColumns Columns { get; } = Of(
        Number("Data", d => (d.Object("data")?.Count ?? 0) + (d.Object("binaryData")?.Count ?? 0)));

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        long size = 0;
        foreach (string field in (ReadOnlySpan<string>)["data", "binaryData"])
        {
            FieldPath path = new(field);
            foreach ((string key, JsonNode? value) in document.Object(field) ?? [])
            {
                errors.Invalid(path.Key(key), key, ConfigKeys.Errors(key));
                size += Encoding.UTF8.GetByteCount(value.AsText() ?? "");
                if (field == "data" && document.Object("binaryData")?.ContainsKey(key) == true)
                {
                    errors.Invalid(path.Key(key), key, "duplicate of key present in binaryData");
                }
            }
        }

        if (size > MaxBytes)
        {
            errors.TooLong(FieldPath.Empty, MaxBytes);
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        ConfigKeys.Immutable(document, old, ["data", "binaryData"], errors);
        Validate(document, errors);
    }
}

/// <summary>Secrets.</summary>
internal sealed class SecretStrategy : Strategy
{
    private const int MaxBytes = 1 << 20;
    private const string AccountAnnotation = "kubernetes.io/service-account.name";

    private static readonly Dictionary<string, string[]> RequiredKeys = new(StringComparer.Ordinal)
    {
        ["kubernetes.io/dockerconfigjson"] = [".dockerconfigjson"],
        ["kubernetes.io/dockercfg"] = [".dockercfg"],
        ["kubernetes.io/ssh-auth"] = ["ssh-privatekey"],
        ["kubernetes.io/tls"] = ["tls.crt", "tls.key"],
    };

    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } =
        Fields(("type", d => d.Text("type")));

    public override TableColumns Columns { get; } = Of(
        Text("Type", d => d.Text("type")), Number("Data", d => d.Object("data")?.Count ?? 0));

    public override void ApplyDefaults(JsonObject document)
    {
        document.Default("type", "Opaque");
        if (document.Object("stringData") is not { } texts)
        {
            return;
        }

        JsonObject data = document.ObjectOrNew("data");
        foreach ((string key, JsonNode? value) in texts)
        {
            data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value.AsText() ?? ""));
        }

        document.Remove("stringData");
    }

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        FieldPath path = new("data");
        long size = 0;
        foreach ((string key, JsonNode? value) in document.Object("data") ?? [])
        {
            errors.Invalid(path.Key(key), key, ConfigKeys.Errors(key));
            size += (value.AsText()?.Length ?? 0) * 3L / 4;
        }

        if (size > MaxBytes)
        {
            errors.TooLong(path, MaxBytes);
        }

        ValidateType(document, document.Text("type") ?? "", errors);
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        if (document.Text("type") != old.Text("type"))
        {
            errors.Invalid(new FieldPath("type"), document.Text("type"), "field is immutable");
        }

        ConfigKeys.Immutable(document, old, ["data"], errors);
        Validate(document, errors);
    }

    /// <summary>What secrets of the known types have in them.</summary>
    private static void ValidateType(JsonObject document, string type, FieldErrors errors)
    {
        FieldPath path = new("data");
        JsonObject data = document.Object("data") ?? [];
        foreach (string key in RequiredKeys.GetValueOrDefault(type, []).Where(key => !data.ContainsKey(key)))
        {
            errors.Required(path.Key(key));
        }

        foreach (string key in RequiredKeys.GetValueOrDefault(type, []).Where(key => key.StartsWith(".docker", StringComparison.Ordinal)))
        {
            if (data.Text(key) is { } encoded && !IsJson(encoded))
            {
                errors.Invalid(path.Key(key), "<secret contents redacted>", "must be a JSON object");
            }
        }

        if (type == "kubernetes.io/basic-auth" && !data.ContainsKey("username") && !data.ContainsKey("password"))
        {
            errors.Required(path.Key("username"));
            errors.Required(path.Key("password"));
        }

        JsonObject? annotations = document.Object("metadata").Object("annotations");
        if (type == "kubernetes.io/service-account-token" && string.IsNullOrEmpty(annotations.Text(AccountAnnotation)))
        {
            errors.Required(new FieldPath("metadata.annotations").Key(AccountAnnotation));
        }
    }

    private static bool IsJson(string encoded)
    {
        try
        {
            return DocumentReader.ReadJson(Convert.FromBase64String(encoded)).Root is JsonObject;
        }
        catch (DocumentException)
        {
            return false;
        }
    }
}

/// <summary>What keys of ConfigMaps and Secrets may be, and when they may change.</summary>
internal static class ConfigKeys
{
    private const string Message =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
        + "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

    public static IEnumerable<string> Errors(string key)
    {
        if (key.Length > 253)
        {
            yield return "must be no more than 253 bytes";
        }

        if (key.Length == 0 || !key.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.'))
        {
            yield return Message;
        }
        else if (key is "." or ".." || key.StartsWith("..", StringComparison.Ordinal))
        {
            yield return key is "." ? "must not be '.'" : key is ".." ? "must not be '..'" : "must not start with '..'";
        }
    }

    public static void Immutable(JsonObject document, JsonObject old, ReadOnlySpan<string> fields, FieldErrors errors)
    {
        if (old.Boolean("immutable") != true)
        {
            return;
        }

        if (document.Boolean("immutable") != true)
        {
            errors.Forbidden(new FieldPath("immutable"), "field is immutable when `immutable` is set");
        }

        foreach (string field in fields)
        {
            if (!JsonNode.DeepEquals(document[field], old[field]))
            {
                errors.Forbidden(new FieldPath(field), "field is immutable when `immutable` is set");
            }
        }
    }
}

/// <summary>Nodes.</summary>
internal sealed class NodeStrategy : Strategy
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public override bool StatusUpdatesLabels => true;

    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } = Fields(
        ("spec.unschedulable", d => d.At("spec", "unschedulable").AsBoolean() == true ? "true" : "false"));

    public override TableColumns Columns { get; } = Of(
        Text("Status", Status),
        Text("Roles", Roles),
        Text("Version", d => TextAt(d, "status", "nodeInfo", "kubeletVersion")),
        Text("Internal-IP", d => AddressOf(d, "InternalIP"), isWide: true),
        Text("External-IP", d => AddressOf(d, "ExternalIP"), isWide: true),
        Text("OS-Image", d => TextAt(d, "status", "nodeInfo", "osImage") ?? Cells.Unknown, isWide: true),
        Text("Kernel-Version", d => TextAt(d, "status", "nodeInfo", "kernelVersion") ?? Cells.Unknown, isWide: true),
        Text("Container-Runtime", d => TextAt(d, "status", "nodeInfo", "containerRuntimeVersion") ?? Cells.Unknown, isWide: true));

    /// <summary>The older single range and the list of ranges say the same.</summary>
    public override void ApplyDefaults(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        if (spec.Text("podCIDR") is { Length: > 0 } range && spec.Texts("podCIDRs").FirstOrDefault() != range)
        {
            spec["podCIDRs"] = new JsonArray(range);
        }
        else if (spec.Texts("podCIDRs").FirstOrDefault() is { } first)
        {
            spec["podCIDR"] = first;
        }
    }

    public override void Validate(JsonObject document, FieldErrors errors) => NodeRules.Validate(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        NodeRules.ValidateUpdate(document, old, errors);

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors) =>
        NodeRules.ValidateStatus(document, errors);

    private static string AddressOf(JsonObject node, string type) => node["status"].Objects("addresses")
        .FirstOrDefault(address => address.Text("type") == type).Text("address") ?? Cells.None;

    private static string Roles(JsonObject node)
    {
        IEnumerable<string> roles = (node.Labels() ?? [])
            .Where(label => label.Key.StartsWith(RolePrefix, StringComparison.Ordinal))
            .Select(label => label.Key[RolePrefix.Length..])
            .Where(role => role.Length > 0)
            .Order(StringComparer.Ordinal);
        return Cells.Join(roles);
    }

    private static string Status(JsonObject node)
    {
        string ready = node["status"].Objects("conditions").FirstOrDefault(c => c.Text("type") == "Ready").Text("status") switch
        {
            "True" => "Ready",
            null => "Unknown",
            _ => "NotReady",
        };
        return node.At("spec", "unschedulable").AsBoolean() == true ? $"{ready},SchedulingDisabled" : ready;
    }
}

/// <summary>ServiceAccounts.</summary>
internal sealed class ServiceAccountStrategy : Strategy
{
    public override TableColumns Columns { get; } = Of(Number("Secrets", d => d.Array("secrets")?.Count ?? 0));
}

/// <summary>ResourceQuotas.</summary>
internal sealed class ResourceQuotaStrategy : Strategy
{
    public override TableColumns Columns { get; } = Of(
        Text("Request", d => Used(d, limits: false)), Text("Limit", d => Used(d, limits: true)));

    public override void Validate(JsonObject document, FieldErrors errors) => QuotaRules.Validate(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        QuotaRules.ValidateUpdate(document, old, errors);

    private static string Used(JsonObject quota, bool limits) => string.Join(", ", (quota["status"].Object("hard") ?? [])
        .Where(pair => pair.Key.StartsWith("limits.", StringComparison.Ordinal) == limits)
        .OrderBy(pair => pair.Key, StringComparer.Ordinal)
        .Select(pair => $"{pair.Key}: {quota["status"].Object("used").Text(pair.Key) ?? "0"}/{pair.Value.AsText()}"));
}

/// <summary>PodTemplates.</summary>
internal sealed class PodTemplateStrategy : Strategy
{
    public override TableColumns Columns { get; } = Exactly(
        NameColumn,
        Text("Containers", d => Cells.Containers(d.At("template", "spec")).Names),
        Text("Images", d => Cells.Containers(d.At("template", "spec")).Images),
        Text("Pod Labels", d => Cells.Labels(d.At("template", "metadata").Object("labels"))));

    public override void ApplyDefaults(JsonObject document)
    {
        if (document.Object("template").Object("spec") is { } spec)
        {
            PodSpecDefaults.Apply(spec);
        }
    }

    public override void Validate(JsonObject document, FieldErrors errors) =>
        PodRules.ValidateTemplate(document.Object("template"), new FieldPath("template"), errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) => Validate(document, errors);
}

/// <summary>Events.</summary>
internal sealed class EventStrategy : Strategy
{
    public override bool AllowsCreateOnUpdate => true;

    public override bool Expires => true;

    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } = Fields(
        ("involvedObject.kind", d => TextAt(d, "involvedObject", "kind")),
        ("involvedObject.namespace", d => TextAt(d, "involvedObject", "namespace")),
        ("involvedObject.name", d => TextAt(d, "involvedObject", "name")),
        ("involvedObject.uid", d => TextAt(d, "involvedObject", "uid")),
        ("involvedObject.apiVersion", d => TextAt(d, "involvedObject", "apiVersion")),
        ("involvedObject.resourceVersion", d => TextAt(d, "involvedObject", "resourceVersion")),
        ("involvedObject.fieldPath", d => TextAt(d, "involvedObject", "fieldPath")),
        ("reason", d => d.Text("reason")),
        ("reportingComponent", d => d.Text("reportingComponent")),
        ("source", d => TextAt(d, "source", "component") ?? d.Text("reportingComponent")),
        ("type", d => d.Text("type")));

    public override TableColumns Columns { get; } = Exactly(
        new("Last Seen", "string", (d, now) => Cells.Since(LastSeen(d), now)),
        Text("Type", d => d.Text("type")),
        Text("Reason", d => d.Text("reason")),
        Text("Object", d => $"{TextAt(d, "involvedObject", "kind")?.ToLowerInvariant()}/{TextAt(d, "involvedObject", "name")}"),
        Text("Subobject", d => TextAt(d, "involvedObject", "fieldPath"), isWide: true),
        Text("Source", d => Cells.Join(((string?[])[TextAt(d, "source", "component"), TextAt(d, "source", "host")]).OfType<string>(), ""), isWide: true),
        Text("Message", d => d.Text("message")?.Trim()),
        new("First Seen", "string", (d, now) => Cells.Since(d.Text("firstTimestamp") ?? d.Text("eventTime"), now), IsWide: true),
        Number("Count", d => d.Integer("count") ?? 1, isWide: true),
        new("Name", "string", (d, _) => d.Name(), IsWide: true) { Format = "name" });

    public override void ApplyDefaults(JsonObject document)
    {
        document.ObjectOrNew("source");
        document.Default("reportingComponent", "");
        document.Default("reportingInstance", "");
    }

    public override void Validate(JsonObject document, FieldErrors errors) => EventRules.Validate(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) => Validate(document, errors);

    private static string? LastSeen(JsonObject document) => document.Object("series").Text("lastObservedTime")
        ?? document.Text("lastTimestamp") ?? document.Text("eventTime") ?? document.Text("firstTimestamp");
}

/// <summary>Endpoints.</summary>
internal sealed class EndpointsStrategy : Strategy
{
    private const int Shown = 3;

    public override TableColumns Columns { get; } = Of(Text("Endpoints", All));

    public override void ApplyDefaults(JsonObject document)
    {
        foreach (JsonObject port in document.Objects("subsets").SelectMany(subset => subset.Objects("ports")))
        {
            port.Default("protocol", "TCP");
        }
    }

    public override void Validate(JsonObject document, FieldErrors errors) => EndpointRules.ValidateEndpoints(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) => Validate(document, errors);

    internal static string Shorten(IReadOnlyCollection<string> all) => all.Count switch
    {
        0 => Cells.None,
        <= Shown => string.Join(',', all),
        _ => string.Create(CultureInfo.InvariantCulture, $"{string.Join(',', all.Take(Shown))} + {all.Count - Shown} more..."),
    };

    private static string All(JsonObject endpoints) => Shorten([.. endpoints.Objects("subsets").SelectMany(subset =>
        subset.Objects("ports").SelectMany(port => subset.Objects("addresses").Select(address =>
            string.Create(CultureInfo.InvariantCulture, $"{Host(address.Text("ip"))}:{port.Integer("port")}"))))]);

    private static string? Host(string? address) =>
        address?.Contains(':', StringComparison.Ordinal) == true ? $"[{address}]" : address;
}
