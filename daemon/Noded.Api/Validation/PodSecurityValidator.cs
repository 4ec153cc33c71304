using System.Text.RegularExpressions;

using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>The pod's security context, the namespaces it shares with the host, and its sysctls.</summary>
internal static partial class PodSecurityValidator
{
    internal const string SysctlMessage =
        "must have at most 253 characters and match regex "
        + "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";

    public static void Validate(V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        HostNamespaces(spec, path, errors);
        if (spec.SecurityContext is not { } context)
        {
            return;
        }

        FieldPath contextPath = path.Child("securityContext");
        errors.InRange(contextPath.Child("fsGroup"), context.FsGroup, 0, int.MaxValue);
        errors.InRange(contextPath.Child("runAsUser"), context.RunAsUser, 0, int.MaxValue);
        errors.InRange(contextPath.Child("runAsGroup"), context.RunAsGroup, 0, int.MaxValue);

        IList<long?> groups = context.SupplementalGroups.OrEmpty();
        for (int i = 0; i < groups.Count; i++)
        {
            errors.InRange(contextPath.Child("supplementalGroups").Index(i), groups[i], 0, int.MaxValue);
        }

        errors.AllowOneOf(
            contextPath.Child("fsGroupChangePolicy"), context.FsGroupChangePolicy, "OnRootMismatch", "Always");
        errors.AllowOneOf(
            contextPath.Child("supplementalGroupsPolicy"), context.SupplementalGroupsPolicy, "Merge", "Strict");
        SecurityContextValidator.Profiles(context.SeccompProfile, context.AppArmorProfile, contextPath, errors);
        Sysctls(context.Sysctls.OrEmpty(), contextPath.Child("sysctls"), spec, errors);
    }

    private static void HostNamespaces(V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec is { ShareProcessNamespace: true, HostPID: true })
        {
            errors.Invalid(
                path.Child("shareProcessNamespace"),
                true,
                "ShareProcessNamespace and HostPID cannot both be enabled");
        }

        if (spec.HostUsers != false)
        {
            return;
        }

        Forbid("hostNetwork", spec.HostNetwork);
        Forbid("hostPID", spec.HostPID);
        Forbid("hostIPC", spec.HostIPC);

        void Forbid(string field, bool? value)
        {
            if (value == true)
            {
                errors.Forbidden(path.Child(field), "when `hostUsers` is false");
            }
        }
    }

    private static void Sysctls(IList<V1Sysctl> sysctls, FieldPath path, V1PodSpec spec, FieldErrors errors)
    {
        HashSet<string> names = [];
        for (int i = 0; i < sysctls.Count; i++)
        {
            FieldPath namePath = path.Index(i).Child("name");
            string name = sysctls[i].Name ?? "";
            if (name.Length == 0)
            {
                errors.Required(namePath);
                continue;
            }

            if (name.Length > 253 || !SysctlPattern().IsMatch(name))
            {
                errors.Invalid(namePath, name, SysctlMessage);
            }
            else if (!names.Add(name.Replace('/', '.')))
            {
                errors.Duplicate(namePath, name);
            }

            if (spec.HostNetwork == true && name.StartsWith("net.", StringComparison.Ordinal))
            {
                errors.Invalid(namePath, name, "may not be specified when 'hostNetwork' is true");
            }

            bool ipc = name.StartsWith("kernel.shm", StringComparison.Ordinal)
                || name.StartsWith("kernel.msg", StringComparison.Ordinal)
                || name.StartsWith("fs.mqueue.", StringComparison.Ordinal)
                || name == "kernel.sem";
            if (spec.HostIPC == true && ipc)
            {
                errors.Invalid(namePath, name, "may not be specified when 'hostIPC' is true");
            }
        }
    }

    [GeneratedRegex(@"\A([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex SysctlPattern();
}
