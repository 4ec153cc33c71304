using System.Collections.Frozen;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Tables;

using static Noded.ApiServer.Tables.TableColumns;

namespace Noded.ApiServer.Strategies;

/// <summary>Roles and ClusterRoles.</summary>
internal sealed class RoleStrategy(bool isNamespaced) : Strategy
{
    public override IEnumerable<string> NameErrors(string name) => PathSegment.Errors(name);

    public override void ApplyDefaults(JsonObject document)
    {
        if (document["rules"] is null)
        {
            document["rules"] = new JsonArray();
        }
    }

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject rule in document.Objects("rules"))
        {
            FieldPath path = new FieldPath("rules").Index(index++);
            if (!rule.Texts("verbs").Any())
            {
                errors.Required(path.Child("verbs"), "verbs must contain at least one value");
            }

            if (rule.Texts("nonResourceURLs").Any())
            {
                Paths(rule, path.Child("nonResourceURLs"), errors);
                continue;
            }

            if (!rule.Texts("apiGroups").Any())
            {
                errors.Required(path.Child("apiGroups"), "resource rules must supply at least one api group");
            }

            if (!rule.Texts("resources").Any())
            {
                errors.Required(path.Child("resources"), "resource rules must supply at least one resource");
            }
        }

        index = 0;
        foreach (JsonObject selector in document.Object("aggregationRule").Objects("clusterRoleSelectors"))
        {
            SelectorRules.Validate(selector, new FieldPath("aggregationRule.clusterRoleSelectors").Index(index++), errors);
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) => Validate(document, errors);

    private void Paths(JsonObject rule, FieldPath path, FieldErrors errors)
    {
        if (isNamespaced)
        {
            errors.InvalidPart(path, rule["nonResourceURLs"], "namespaced rules cannot apply to non-resource URLs");
        }

        if (rule.Texts("apiGroups").Concat(rule.Texts("resources")).Concat(rule.Texts("resourceNames")).Any())
        {
            errors.InvalidPart(path, rule["nonResourceURLs"], "rules cannot apply to both regular resources and non-resource URLs");
        }
    }
}

/// <summary>RoleBindings and ClusterRoleBindings.</summary>
internal sealed class RoleBindingStrategy(bool isNamespaced) : Strategy
{
    private const string Group = "rbac.authorization.k8s.io";

    public override TableColumns Columns { get; } = Of(
        Text("Role", d => $"{TextAt(d, "roleRef", "kind")}/{TextAt(d, "roleRef", "name")}"),
        Text("Users", d => Subjects(d, "User"), isWide: true),
        Text("Groups", d => Subjects(d, "Group"), isWide: true),
        Text("ServiceAccounts", d => Subjects(d, "ServiceAccount"), isWide: true));

    public override IEnumerable<string> NameErrors(string name) => PathSegment.Errors(name);

    public override void ApplyDefaults(JsonObject document)
    {
        document.ObjectOrNew("roleRef").Default("apiGroup", Group);
        foreach (JsonObject subject in document.Objects("subjects"))
        {
            if (subject.Text("kind") is "User" or "Group")
            {
                subject.Default("apiGroup", Group);
            }
        }
    }

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        FieldPath reference = new("roleRef");
        errors.OneOf(reference.Child("apiGroup"), TextAt(document, "roleRef", "apiGroup"), Group);
        errors.OneOf(
            reference.Child("kind"), TextAt(document, "roleRef", "kind"), isNamespaced ? ["ClusterRole", "Role"] : ["ClusterRole"]);
        errors.RequireName(reference.Child("name"), TextAt(document, "roleRef", "name"), PathSegment.Errors);
        int index = 0;
        foreach (JsonObject subject in document.Objects("subjects"))
        {
            Subject(subject, new FieldPath("subjects").Index(index++), errors);
        }
    }

    private void Subject(JsonObject subject, FieldPath path, FieldErrors errors)
    {
        string name = subject.Text("name") ?? "";
        if (name.Length == 0)
        {
            errors.Required(path.Child("name"));
        }

        switch (subject.Text("kind"))
        {
            case "ServiceAccount":
                errors.AllowName(path.Child("name"), name, NameRules.Dns1123Subdomain);
                errors.OneOf(path.Child("apiGroup"), subject.Text("apiGroup"), "");
                if (!isNamespaced && string.IsNullOrEmpty(subject.Text("namespace")))
                {
                    errors.Required(path.Child("namespace"));
                }

                break;
            case "User" or "Group":
                errors.OneOf(path.Child("apiGroup"), subject.Text("apiGroup"), Group);
                break;
            default:
                errors.NotSupported(path.Child("kind"), subject.Text("kind"), "Group", "ServiceAccount", "User");
                break;
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Validate(document, errors);
        if (!JsonNode.DeepEquals(document["roleRef"], old["roleRef"]))
        {
            errors.Refuse(new FieldPath("roleRef"), $"Invalid value: {document["roleRef"]?.ToJsonString()}: cannot change roleRef");
        }
    }

    private static string Subjects(JsonObject binding, string kind) => string.Join(", ", binding.Objects("subjects")
        .Where(subject => subject.Text("kind") == kind)
        .Select(subject => kind == "ServiceAccount" ? $"{subject.Text("namespace")}/{subject.Text("name")}" : subject.Text("name")));
}

/// <summary>Names that need only be one segment of a path.</summary>
internal static class PathSegment
{
    public static IEnumerable<string> Errors(string name)
    {
        if (name is "." or "..")
        {
            yield return $"may not be '{name}'";
        }

        foreach (char character in (char[])['/', '%'])
        {
            if (name.Contains(character, StringComparison.Ordinal))
            {
                yield return $"may not contain '{character}'";
            }
        }
    }
}

/// <summary>CertificateSigningRequests.</summary>
internal sealed class CertificateSigningRequestStrategy : Strategy
{
    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } =
        Fields(("spec.signerName", d => TextAt(d, "spec", "signerName")));

    public override TableColumns Columns { get; } = Exactly(
        NameColumn,
        AgeColumn,
        Text("SignerName", d => TextAt(d, "spec", "signerName")),
        Text("Requestor", d => TextAt(d, "spec", "username")),
        Text("RequestedDuration", d => d.At("spec", "expirationSeconds").AsInteger() is { } seconds ? Cells.Duration(TimeSpan.FromSeconds(seconds)) : Cells.None),
        Text("Condition", Condition));

    public override IEnumerable<string> NameErrors(string name) => PathSegment.Errors(name);

    public override void ApplyDefaults(JsonObject document)
    {
        if (document.ObjectOrNew("spec").Array("usages") is null or { Count: 0 })
        {
            document.ObjectOrNew("spec")["usages"] = new JsonArray("digital signature", "key encipherment");
        }
    }

    public override void PrepareForUpdate(JsonObject document, JsonObject old) => ObjectPreparation.Copy(document, old, "spec");

    public override void Validate(JsonObject document, FieldErrors errors) => CertificateRules.Validate(document, errors);

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors) =>
        CertificateRules.ValidateStatus(document, old, errors);

    public override void ValidateSubresource(JsonObject document, JsonObject old, string subresource, FieldErrors errors) =>
        CertificateRules.ValidateApproval(document, old, errors);

    public override void PrepareForSubresource(JsonObject document, JsonObject old, string subresource)
    {
        JsonObject? status = document.Object("status")?.Copy();
        base.PrepareForSubresource(document, old, subresource);
        if (subresource == "approval" && status is not null)
        {
            ObjectPreparation.Copy(document.ObjectOrNew("status"), status, "conditions");
        }
    }

    private static string Condition(JsonObject request)
    {
        string[] types = [.. request["status"].Objects("conditions").Select(condition => condition.Text("type") ?? "")];
        string state = types.Contains("Denied") ? "Denied" : types.Contains("Approved") ? "Approved" : "Pending";
        string failed = types.Contains("Failed") ? ",Failed" : "";
        bool isIssued = request.At("status", "certificate").AsText() is { Length: > 0 };
        return state + failed + (isIssued ? ",Issued" : "");
    }
}

/// <summary>PriorityClasses.</summary>
internal sealed class PriorityClassStrategy : Strategy
{
    private const long HighestOfUsers = 1_000_000_000;

    public override bool TracksGeneration => true;

    public override TableColumns Columns { get; } = Of(
        Number("Value", d => d.Integer("value") ?? 0),
        Flag("Global-Default", d => d.Boolean("globalDefault") == true),
        Text("PreemptionPolicy", d => d.Text("preemptionPolicy")));

    public override void ApplyDefaults(JsonObject document) => document.Default("preemptionPolicy", "PreemptLowerPriority");

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        bool isSystem = document.Name() is "system-cluster-critical" or "system-node-critical";
        if (!isSystem && document.Name().StartsWith("system-", StringComparison.Ordinal))
        {
            errors.Forbidden(
                new FieldPath("metadata.name"),
                "priority class names with 'system-' prefix are reserved for system use only. error: priority class is not system");
        }
        else if (!isSystem && document.Integer("value") > HighestOfUsers)
        {
            errors.Forbidden(new FieldPath("value"), $"maximum allowed value of a user defined priority is {HighestOfUsers}");
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(document["value"], old["value"]))
        {
            errors.Forbidden(new FieldPath("value"), "may not be changed in an update.");
        }

        errors.Immutable(new FieldPath("preemptionPolicy"), document["preemptionPolicy"], old["preemptionPolicy"]);
    }
}

/// <summary>PodDisruptionBudgets.</summary>
internal sealed class PodDisruptionBudgetStrategy : Strategy
{
    public override bool TracksGeneration => true;

    public override TableColumns Columns { get; } = Of(
        Text("Min Available", d => d.At("spec", "minAvailable")?.ToString() ?? "N/A"),
        Text("Max Unavailable", d => d.At("spec", "maxUnavailable")?.ToString() ?? "N/A"),
        Number("Allowed Disruptions", d => d.At("status", "disruptionsAllowed").AsInteger() ?? 0));

    public override void PrepareForCreate(JsonObject document) => document["status"] = new JsonObject
    {
        ["disruptionsAllowed"] = 0L,
        ["currentHealthy"] = 0L,
        ["desiredHealthy"] = 0L,
        ["expectedPods"] = 0L,
    };

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        FieldPath spec = new("spec");
        JsonNode? least = document.At("spec", "minAvailable");
        JsonNode? most = document.At("spec", "maxUnavailable");
        if (least is not null && most is not null)
        {
            errors.InvalidPart(spec, document["spec"], "minAvailable and maxUnavailable cannot be both set");
        }

        AmountRules.NumberOrPercent(least, spec.Child("minAvailable"), errors);
        AmountRules.AtMostAll(least, spec.Child("minAvailable"), errors);
        AmountRules.NumberOrPercent(most, spec.Child("maxUnavailable"), errors);
        AmountRules.AtMostAll(most, spec.Child("maxUnavailable"), errors);
        SelectorRules.Validate(document["spec"].Object("selector"), spec.Child("selector"), errors);
    }

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors) =>
        StatusRules.Counts(document, ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"], errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) => Validate(document, errors);
}

/// <summary>Leases, which nodes renew.</summary>
internal sealed class LeaseStrategy : Strategy
{
    public override bool AllowsCreateOnUpdate => true;

    public override bool AllowsUnconditionalUpdate => false;

    public override TableColumns Columns { get; } = Of(Text("Holder", d => TextAt(d, "spec", "holderIdentity")));

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        FieldPath spec = new("spec");
        if (document.At("spec", "leaseDurationSeconds").AsInteger() is { } seconds and <= 0)
        {
            errors.Invalid(spec.Child("leaseDurationSeconds"), seconds, "must be greater than 0");
        }

        errors.NonNegative(spec.Child("leaseTransitions"), document.At("spec", "leaseTransitions").AsInteger());
        string strategy = TextAt(document, "spec", "strategy") ?? "";
        if (strategy.Contains('/', StringComparison.Ordinal))
        {
            errors.Invalid(spec.Child("strategy"), strategy, NameRules.QualifiedName(strategy));
        }
        else if (strategy.Length > 0)
        {
            errors.OneOf(spec.Child("strategy"), strategy, "OldestEmulationVersion");
        }

        if (strategy.Length == 0 && TextAt(document, "spec", "preferredHolder") is { Length: > 0 })
        {
            errors.Forbidden(spec.Child("preferredHolder"), "may only be specified if `strategy` is defined");
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) => Validate(document, errors);
}

/// <summary>HorizontalPodAutoscalers.</summary>
internal sealed class AutoscalerStrategy : Strategy
{
    public override TableColumns Columns { get; } = Of(
        Text("Reference", d => $"{TextAt(d, "spec", "scaleTargetRef", "kind")}/{TextAt(d, "spec", "scaleTargetRef", "name")}"),
        Text("Targets", Targets),
        Text("MinPods", d => d.At("spec", "minReplicas")?.ToString() ?? Cells.Unset),
        Number("MaxPods", d => d.At("spec", "maxReplicas").AsInteger() ?? 0),
        Number("Replicas", d => d.At("status", "currentReplicas").AsInteger() ?? 0));

    public override void ApplyDefaults(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        spec.Default("minReplicas", 1L);
        if (document.Text("apiVersion") == "autoscaling/v2" && spec.Array("metrics") is null or { Count: 0 })
        {
            spec["metrics"] = new JsonArray(AutoscalerVersions.Cpu(80));
        }

        if (spec.Object("behavior") is { } behavior)
        {
            Behave(behavior);
        }
    }

    public override void Validate(JsonObject document, FieldErrors errors) => AutoscalerRules.Validate(Newest(document), null, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        AutoscalerRules.Validate(Newest(document), old, errors);

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors) =>
        StatusRules.Counts(document, ["currentReplicas", "desiredReplicas"], errors);

    /// <summary>The rules are written for v2, whose fields v1 has among its annotations.</summary>
    private static JsonObject Newest(JsonObject document) =>
        document.Text("apiVersion") == AutoscalerVersions.V1 ? AutoscalerVersions.ToV2(document.Copy()) : document;

    /// <summary>Who says anything of how it behaves leaves the rest to upstream's choice.</summary>
    private static void Behave(JsonObject behavior)
    {
        JsonObject up = behavior.ObjectOrNew("scaleUp");
        up.Default("stabilizationWindowSeconds", 0L);
        up.Default("selectPolicy", "Max");
        up.Default("policies", new JsonArray(Policy("Pods", 4), Policy("Percent", 100)));
        JsonObject down = behavior.ObjectOrNew("scaleDown");
        down.Default("selectPolicy", "Max");
        down.Default("policies", new JsonArray(Policy("Percent", 100)));
    }

    private static JsonObject Policy(string type, long value) =>
        new() { ["type"] = type, ["value"] = value, ["periodSeconds"] = 15L };

    private static string Targets(JsonObject autoscaler) => Cells.Join(autoscaler["spec"].Objects("metrics").Select(metric =>
    {
        JsonObject? target = metric.Object("resource").Object("target");
        string name = metric.Object("resource").Text("name") ?? metric.Text("type") ?? "";
        return target.Integer("averageUtilization") is { } wished ? $"{name}: {Cells.Unknown}/{wished}%" : $"{name}: {Cells.Unknown}";
    }));
}
