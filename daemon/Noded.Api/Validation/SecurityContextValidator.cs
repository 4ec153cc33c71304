using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>The security context of one container, and the profiles both kinds of context have.</summary>
internal static class SecurityContextValidator
{
    public static void Validate(V1SecurityContext? context, FieldPath path, bool hostUsers, FieldErrors errors)
    {
        if (context is null)
        {
            return;
        }

        errors.InRange(path.Child("runAsUser"), context.RunAsUser, 0, int.MaxValue);
        errors.InRange(path.Child("runAsGroup"), context.RunAsGroup, 0, int.MaxValue);
        Profiles(context.SeccompProfile, context.AppArmorProfile, path, errors);

        errors.AllowOneOf(path.Child("procMount"), context.ProcMount, "Default", "Unmasked");
        if (hostUsers && context.ProcMount == "Unmasked")
        {
            errors.Invalid(path.Child("procMount"), context.ProcMount, "`hostUsers` must be false to use `Unmasked`");
        }

        if (context.AllowPrivilegeEscalation != false)
        {
            return;
        }

        if (context.Privileged == true)
        {
            errors.Invalid(path, "", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }

        if ((context.Capabilities?.Add).OrEmpty().Contains("CAP_SYS_ADMIN"))
        {
            errors.Invalid(
                path, "", "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
    }

    public static void Profiles(
        V1SeccompProfile? seccomp,
        V1AppArmorProfile? appArmor,
        FieldPath path,
        FieldErrors errors)
    {
        if (seccomp is not null)
        {
            Profile(seccomp.Type, seccomp.LocalhostProfile, "seccomp", path.Child("seccompProfile"), errors);
        }

        if (appArmor is not null)
        {
            Profile(appArmor.Type, appArmor.LocalhostProfile, "AppArmor", path.Child("appArmorProfile"), errors);
        }
    }

    private static void Profile(string? type, string? localhost, string kind, FieldPath path, FieldErrors errors)
    {
        errors.RequireOneOf(path.Child("type"), type, "Localhost", "RuntimeDefault", "Unconfined");

        FieldPath localhostPath = path.Child("localhostProfile");
        switch (type)
        {
            case "Localhost" when string.IsNullOrEmpty(localhost):
                errors.Required(localhostPath, $"must be set when {kind} type is Localhost");
                break;
            case "Localhost" when kind == "seccomp":
                PathRules.Descending(localhost, localhostPath, errors);
                break;
            case not "Localhost" when localhost is not null:
                errors.Invalid(localhostPath, localhost, $"can only be set when {kind} type is Localhost");
                break;
        }
    }
}
