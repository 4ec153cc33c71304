using k8s.Models;

using Noded.Api.Pods;

namespace Noded.Api.Validation;

/// <summary>A pod's spec: its scalars here, its parts in their own validators.</summary>
internal static class PodSpecValidator
{
    public static void Validate(V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        HashSet<string> volumes = VolumeValidator.Validate(spec.Volumes.OrEmpty(), path.Child("volumes"), errors);
        ContainerListValidator.Validate(spec, path, volumes, errors);
        if (spec.EphemeralContainers.OrEmpty().Count > 0)
        {
            errors.Forbidden(path.Child("ephemeralContainers"), "cannot be set on create");
        }

        PodResourceValidator.Validate(spec, path, errors);
        foreach ((string resource, ResourceQuantity amount) in spec.Overhead.OrEmpty())
        {
            ResourceValidator.Entry(resource, amount.ToQuantity(), path.Child("overhead").Key(resource), errors);
        }

        errors.RequireOneOf(path.Child("restartPolicy"), spec.RestartPolicy, "Always", "OnFailure", "Never");
        DnsValidator.Validate(spec, path, errors);
        MetadataValidator.Labels(spec.NodeSelector, path.Child("nodeSelector"), errors);
        AffinityValidator.Validate(spec.Affinity, path.Child("affinity"), errors);
        PodSecurityValidator.Validate(spec, path, errors);
        TolerationValidator.Validate(spec.Tolerations.OrEmpty(), path.Child("tolerations"), errors);
        HostAliases(spec.HostAliases.OrEmpty(), path.Child("hostAliases"), errors);
        Seconds(spec, path, errors);
        Names(spec, path, errors);
        Preemption(spec, path, errors);
        ReadinessGates(spec.ReadinessGates.OrEmpty(), path.Child("readinessGates"), errors);
        Scheduling(spec, path, errors);

        if (spec.Os is not null)
        {
            errors.RequireOneOf(path.Child("os").Child("name"), spec.Os.Name, "linux", "windows");
        }
    }

    private static void Seconds(V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        errors.InRange(path.Child("activeDeadlineSeconds"), spec.ActiveDeadlineSeconds, 1, int.MaxValue);
        errors.NonNegative(path.Child("terminationGracePeriodSeconds"), spec.TerminationGracePeriodSeconds);
    }

    private static void Names(V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        Subdomain("serviceAccountName", spec.ServiceAccountName);
        Subdomain("nodeName", spec.NodeName);
        Label("hostname", spec.Hostname);
        Label("subdomain", spec.Subdomain);
        Subdomain("priorityClassName", spec.PriorityClassName);
        Subdomain("runtimeClassName", spec.RuntimeClassName);

        void Subdomain(string field, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                errors.Invalid(path.Child(field), value, NameRules.Dns1123Subdomain(value));
            }
        }

        void Label(string field, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                errors.Invalid(path.Child(field), value, NameRules.Dns1123Label(value));
            }
        }
    }

    private static void Preemption(V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        errors.AllowOneOf(path.Child("preemptionPolicy"), spec.PreemptionPolicy, "PreemptLowerPriority", "Never");
    }

    private static void HostAliases(IList<V1HostAlias> aliases, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < aliases.Count; i++)
        {
            FieldPath aliasPath = path.Index(i);
            AddressRules.Validate(aliases[i].Ip, aliasPath.Child("ip"), errors);

            IList<string> names = aliases[i].Hostnames.OrEmpty();
            for (int j = 0; j < names.Count; j++)
            {
                errors.Invalid(aliasPath.Child("hostnames").Index(j), names[j], NameRules.Dns1123Subdomain(names[j]));
            }
        }
    }

    private static void ReadinessGates(IList<V1PodReadinessGate> gates, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < gates.Count; i++)
        {
            string type = gates[i].ConditionType ?? "";
            errors.Invalid(path.Index(i).Child("conditionType"), type, NameRules.QualifiedName(type));
        }
    }

    private static void Scheduling(V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        // A pod of a file is bound by being in the file, and nobody would ever open a gate for it.
        if (!string.IsNullOrEmpty(spec.NodeName) && spec.SchedulingGates.OrEmpty().Count > 0)
        {
            errors.Forbidden(path.Child("nodeName"), "cannot be set until all schedulingGates have been cleared");
        }
    }
}
