using System.Text;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for the kinds of storage.k8s.io (pkg/apis/storage/validation).</summary>
internal static class StorageRules
{
    private const int ParametersBytes = 256 << 10;
    private const int MostParameters = 512;
    private const int LongestNodeId = 256;
    private const int ShortestUpdatePeriod = 10;
    private const int LongestError = 1024;
    private const long ShortestToken = 600;
    private const long LongestToken = 1L << 32;

    private static readonly FieldPath Spec = new("spec");

    public static void ValidateClass(JsonObject document, FieldErrors errors)
    {
        Provisioner(document.Text("provisioner") ?? "", new FieldPath("provisioner"), errors);
        Parameters(document.Object("parameters"), mayBeEmpty: true, errors);
        if (document.Text("reclaimPolicy") is { Length: > 0 } policy)
        {
            errors.OneOf(new FieldPath("reclaimPolicy"), policy, "Delete", "Retain");
        }

        Topologies([.. document.Objects("allowedTopologies")], new FieldPath("allowedTopologies"), errors);
    }

    public static void ValidateClassUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Unchanged(document, old, ["parameters", "provisioner", "reclaimPolicy"], errors);
        errors.Immutable(new FieldPath("volumeBindingMode"), document["volumeBindingMode"], old["volumeBindingMode"]);
    }

    public static void ValidateAttributesClass(JsonObject document, FieldErrors errors)
    {
        Provisioner(document.Text("driverName") ?? "", new FieldPath("driverName"), errors);
        Parameters(document.Object("parameters"), mayBeEmpty: false, errors);
    }

    public static void ValidateAttributesClassUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Unchanged(document, old, ["driverName", "parameters"], errors);
        ValidateAttributesClass(document, errors);
    }

    public static void ValidateAttachment(JsonObject document, FieldErrors errors)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        DriverName(spec.Text("attacher") ?? "", Spec.Child("attacher"), errors);
        AttachmentSource(spec, Spec.Child("source"), errors);
        string node = spec.Text("nodeName") ?? "";
        errors.Invalid(Spec.Child("nodeName"), node, NameRules.Dns1123Subdomain(node));
        ValidateAttachmentStatus(document, errors);
    }

    public static void ValidateAttachmentStatus(JsonObject document, FieldErrors errors)
    {
        foreach (string name in (ReadOnlySpan<string>)["attachError", "detachError"])
        {
            JsonObject? error = document.Object("status").Object(name);
            FieldPath path = new FieldPath("status").Child(name);
            if (Encoding.UTF8.GetByteCount(error.Text("message") ?? "") > LongestError)
            {
                errors.TooLong(path.Child("message"), LongestError);
            }

            errors.InRange(path.Child("errorCode"), error.Integer("errorCode"), 0, int.MaxValue);
        }
    }

    public static void ValidateAttachmentUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        ValidateAttachment(document, errors);
        errors.Immutable(Spec, document["spec"], old["spec"]);
    }

    public static void ValidateNode(JsonObject document, FieldErrors errors)
    {
        HashSet<string> names = [];
        int index = 0;
        foreach (JsonObject driver in document["spec"].Objects("drivers"))
        {
            FieldPath path = Spec.Child("drivers").Index(index++);
            string name = driver.Text("name") ?? "";
            DriverName(name, path.Child("name"), errors);
            NodeDriver(driver, path, errors);
            if (!names.Add(name))
            {
                errors.Duplicate(path.Child("name"), name);
            }
        }
    }

    /// <summary>What a driver says of itself stays, but how many volumes the node can have.</summary>
    public static void ValidateNodeUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        ValidateNode(document, errors);
        foreach (JsonObject before in old["spec"].Objects("drivers"))
        {
            JsonObject? after = document["spec"].Objects("drivers").FirstOrDefault(driver => driver.Text("name") == before.Text("name"));
            if (after is not null)
            {
                errors.Immutable(Spec.Child("drivers"), WithoutCount(after), WithoutCount(before));
            }
        }
    }

    public static void ValidateDriver(JsonObject document, FieldErrors errors)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        if (spec.Text("fsGroupPolicy") is { } policy)
        {
            errors.OneOf(Spec.Child("fsGroupPolicy"), policy, "File", "None", "ReadWriteOnceWithFSType");
        }

        foreach (string mode in spec.Texts("volumeLifecycleModes"))
        {
            errors.OneOf(Spec.Child("volumeLifecycleModes"), mode, "Ephemeral", "Persistent");
        }

        if (spec.Integer("nodeAllocatableUpdatePeriodSeconds") is { } period and < ShortestUpdatePeriod)
        {
            errors.Invalid(
                Spec.Child("nodeAllocatableUpdatePeriodSeconds"), period, "must be greater than or equal to 10 seconds");
        }

        TokenRequests([.. spec.Objects("tokenRequests")], Spec.Child("tokenRequests"), errors);
    }

    public static void ValidateDriverUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        ValidateDriver(document, errors);
        // The path is upstream's, which says "attached".
        errors.Immutable(Spec.Child("attachedRequired"), document.At("spec", "attachRequired"), old.At("spec", "attachRequired"));
        errors.Immutable(
            Spec.Child("volumeLifecycleModes"), document.At("spec", "volumeLifecycleModes"), old.At("spec", "volumeLifecycleModes"));
    }

    public static void ValidateCapacity(JsonObject document, FieldErrors errors)
    {
        SelectorRules.Validate(document.Object("nodeTopology"), new FieldPath("nodeTopology"), errors);
        string name = document.Text("storageClassName") ?? "";
        errors.Invalid(new FieldPath("storageClassName"), name, NameRules.Dns1123Subdomain(name));
        AmountRules.NotNegative(document["capacity"], new FieldPath("capacity"), errors);
        AmountRules.NotNegative(document["maximumVolumeSize"], new FieldPath("maximumVolumeSize"), errors);
    }

    public static void ValidateCapacityUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        foreach (string name in (ReadOnlySpan<string>)["nodeTopology", "storageClassName"])
        {
            errors.Immutable(new FieldPath(name), document[name], old[name]);
        }
    }

    /// <summary>The name of a CSI driver (pkg/apis/core/validation).</summary>
    public static void DriverName(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (name.Length > 63)
        {
            errors.TooLong(path, 63);
        }

        errors.Invalid(path, name, NameRules.Dns1123Subdomain(name.ToLowerInvariant()));
    }

    private static void Unchanged(JsonObject document, JsonObject old, ReadOnlySpan<string> names, FieldErrors errors)
    {
        foreach (string name in names)
        {
            if (!JsonNode.DeepEquals(document[name], old[name]))
            {
                errors.Forbidden(new FieldPath(name), $"updates to {name} are forbidden.");
            }
        }
    }

    private static void Provisioner(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        else
        {
            errors.Invalid(path, name, NameRules.QualifiedName(name.ToLowerInvariant()));
        }
    }

    private static void Parameters(JsonObject? parameters, bool mayBeEmpty, FieldErrors errors)
    {
        FieldPath path = new("parameters");
        if (parameters is null or { Count: 0 })
        {
            if (!mayBeEmpty)
            {
                errors.Required(path, "must contain at least one key/value pair");
            }

            return;
        }

        if (parameters.Count > MostParameters)
        {
            errors.TooLong(path, MostParameters);
            return;
        }

        if (parameters.ContainsKey(""))
        {
            errors.Invalid(path, "", "field can not be empty.");
        }

        if (parameters.Sum(pair => Encoding.UTF8.GetByteCount(pair.Key) + Encoding.UTF8.GetByteCount(pair.Value.AsText() ?? "")) > ParametersBytes)
        {
            errors.TooLong(path, ParametersBytes);
        }
    }

    private static void Topologies(JsonObject[] terms, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < terms.Length; i++)
        {
            FieldPath expressions = path.Index(i).Child("matchLabelExpressions");
            HashSet<string> keys = [];
            int index = 0;
            foreach (JsonObject expression in terms[i].Objects("matchLabelExpressions"))
            {
                FieldPath at = expressions.Index(index++);
                string key = expression.Text("key") ?? "";
                errors.Invalid(at.Child("key"), key, NameRules.QualifiedName(key));
                if (!keys.Add(key))
                {
                    errors.Duplicate(at.Child("key"), key);
                }

                TopologyValues([.. expression.Texts("values")], at.Child("values"), errors);
            }

            if (terms[..i].Any(other => JsonNode.DeepEquals(other, terms[i])))
            {
                errors.Duplicate(expressions, "");
            }
        }
    }

    private static void TopologyValues(string[] values, FieldPath path, FieldErrors errors)
    {
        if (values.Length == 0)
        {
            errors.Required(path);
        }

        HashSet<string> seen = [];
        for (int i = 0; i < values.Length; i++)
        {
            if (!seen.Add(values[i]))
            {
                errors.Duplicate(path.Index(i), values[i]);
            }
        }
    }

    private static void AttachmentSource(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        const string ExactlyOne = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
        string? name = spec.Object("source").Text("persistentVolumeName");
        JsonObject? inline = spec.Object("source").Object("inlineVolumeSpec");
        switch (name, inline)
        {
            case (null, null):
                errors.Required(path, ExactlyOne);
                break;
            case (not null, not null):
                errors.Forbidden(path, ExactlyOne);
                break;
            case ("", null):
                errors.Required(path.Child("persistentVolumeName"), "must specify non empty persistentVolumeName");
                break;
            case ({ } volume, null):
                errors.Invalid(path.Child("persistentVolumeName"), volume, NameRules.Dns1123Subdomain(volume));
                break;
            case (null, { } volume):
                VolumeRules.Inline(volume, path.Child("inlineVolumeSpec"), errors);
                break;
        }
    }

    private static void NodeDriver(JsonObject driver, FieldPath path, FieldErrors errors)
    {
        string id = driver.Text("nodeID") ?? "";
        if (id.Length == 0)
        {
            errors.Required(path.Child("nodeID"));
        }
        else if (id.Length > LongestNodeId)
        {
            errors.Invalid(path.Child("nodeID"), id, $"must be {LongestNodeId} characters or less");
        }

        errors.NonNegative(path.Child("allocatable").Child("count"), driver.Object("allocatable").Integer("count"));
        HashSet<string> keys = [];
        foreach (string key in driver.Texts("topologyKeys"))
        {
            if (key.Length == 0)
            {
                errors.Required(path);
            }

            if (!keys.Add(key))
            {
                errors.Duplicate(path, key);
            }

            errors.Invalid(path, key, NameRules.QualifiedName(key));
        }
    }

    private static JsonObject WithoutCount(JsonObject driver)
    {
        JsonObject copy = driver.Copy();
        copy.Remove("allocatable");
        return copy;
    }

    private static void TokenRequests(JsonObject[] requests, FieldPath path, FieldErrors errors)
    {
        HashSet<string> audiences = [];
        for (int i = 0; i < requests.Length; i++)
        {
            string audience = requests[i].Text("audience") ?? "";
            FieldPath expiry = path.Index(i).Child("expirationSeconds");
            if (!audiences.Add(audience))
            {
                errors.Duplicate(path.Index(i).Child("audience"), audience);
            }
            else if (requests[i].Integer("expirationSeconds") is { } seconds)
            {
                if (seconds < ShortestToken)
                {
                    errors.Invalid(expiry, seconds, "may not specify a duration less than 10 minutes");
                }
                else if (seconds > LongestToken)
                {
                    errors.Invalid(expiry, seconds, "may not specify a duration larger than 2^32 seconds");
                }
            }
        }
    }
}
