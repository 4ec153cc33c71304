using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>What one container mounts, and the raw devices it gets.</summary>
internal static class VolumeMountValidator
{
    public static void Validate(V1Container container, FieldPath path, ContainerContext context, FieldErrors errors)
    {
        bool privileged = container.SecurityContext?.Privileged == true;
        HashSet<string> mountPaths = [];
        IList<V1VolumeMount> mounts = container.VolumeMounts.OrEmpty();
        for (int i = 0; i < mounts.Count; i++)
        {
            FieldPath mountPath = path.Child("volumeMounts").Index(i);
            Name(mounts[i].Name, mountPath.Child("name"), context, errors);
            MountPath(mounts[i].MountPath, mountPath.Child("mountPath"), mountPaths, errors);
            SubPath(mounts[i], mountPath, errors);
            Propagation(mounts[i], mountPath.Child("mountPropagation"), privileged, errors);
            RecursiveReadOnly(mounts[i], mountPath.Child("recursiveReadOnly"), errors);
        }

        IList<V1VolumeDevice> devices = container.VolumeDevices.OrEmpty();
        for (int i = 0; i < devices.Count; i++)
        {
            FieldPath devicePath = path.Child("volumeDevices").Index(i);
            Name(devices[i].Name, devicePath.Child("name"), context, errors);
            MountPath(devices[i].DevicePath, devicePath.Child("devicePath"), mountPaths, errors);
        }
    }

    private static void Name(string? name, FieldPath path, ContainerContext context, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(path);
        }
        else if (!context.Volumes.Contains(name))
        {
            errors.NotFound(path, name);
        }
    }

    private static void MountPath(string? mountPath, FieldPath path, HashSet<string> taken, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(mountPath))
        {
            errors.Required(path);
        }
        else if (!taken.Add(mountPath))
        {
            errors.Invalid(path, mountPath, "must be unique");
        }
    }

    private static void SubPath(V1VolumeMount mount, FieldPath path, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(mount.SubPath))
        {
            PathRules.Descending(mount.SubPath, path.Child("subPath"), errors);
        }

        if (string.IsNullOrEmpty(mount.SubPathExpr))
        {
            return;
        }

        if (!string.IsNullOrEmpty(mount.SubPath))
        {
            errors.Invalid(
                path.Child("subPathExpr"), mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive");
        }

        PathRules.Descending(mount.SubPathExpr, path.Child("subPathExpr"), errors);
    }

    private static void Propagation(V1VolumeMount mount, FieldPath path, bool privileged, FieldErrors errors)
    {
        errors.AllowOneOf(path, mount.MountPropagation, "Bidirectional", "HostToContainer", "None");
        if (mount.MountPropagation == "Bidirectional" && !privileged)
        {
            errors.Forbidden(path, "Bidirectional mount propagation is available only to privileged containers");
        }
    }

    private static void RecursiveReadOnly(V1VolumeMount mount, FieldPath path, FieldErrors errors)
    {
        errors.AllowOneOf(path, mount.RecursiveReadOnly, "Disabled", "IfPossible", "Enabled");
        if (mount.RecursiveReadOnly is not ("Enabled" or "IfPossible"))
        {
            return;
        }

        if (mount.ReadOnlyProperty != true)
        {
            errors.Forbidden(path, "may only be specified when readOnly is true");
        }

        if (mount.MountPropagation is not (null or "None"))
        {
            errors.Forbidden(path, "may only be specified when mountPropagation is None or not specified");
        }
    }
}
