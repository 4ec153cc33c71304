using k8s.Models;

using Noded.Api.Pods;

namespace Noded.Api.Validation;

/// <summary>The fields of those volume sources that a node can serve by itself or through CSI.</summary>
internal static class VolumeSourceValidator
{
    internal static readonly string[] HostPathTypes =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    public static void Validate(V1Volume volume, FieldPath path, FieldErrors errors)
    {
        HostPath(volume.HostPath, path.Child("hostPath"), errors);
        EmptyDir(volume.EmptyDir, path.Child("emptyDir"), errors);
        Nfs(volume.Nfs, path.Child("nfs"), errors);
        Image(volume.Image, path.Child("image"), errors);
        if (volume.Secret is not null)
        {
            Require(volume.Secret.SecretName, path.Child("secret").Child("secretName"), errors);
            PathRules.Mode(volume.Secret.DefaultMode, path.Child("secret").Child("defaultMode"), errors);
            Items(volume.Secret.Items.OrEmpty(), path.Child("secret").Child("items"), errors);
        }

        if (volume.ConfigMap is not null)
        {
            Require(volume.ConfigMap.Name, path.Child("configMap").Child("name"), errors);
            PathRules.Mode(volume.ConfigMap.DefaultMode, path.Child("configMap").Child("defaultMode"), errors);
            Items(volume.ConfigMap.Items.OrEmpty(), path.Child("configMap").Child("items"), errors);
        }

        if (volume.PersistentVolumeClaim is not null)
        {
            Require(
                volume.PersistentVolumeClaim.ClaimName, path.Child("persistentVolumeClaim").Child("claimName"), errors);
        }

        if (volume.Csi is not null)
        {
            Require(volume.Csi.Driver, path.Child("csi").Child("driver"), errors);
        }

        if (volume.DownwardAPI is not null)
        {
            FieldPath downwardPath = path.Child("downwardAPI");
            PathRules.Mode(volume.DownwardAPI.DefaultMode, downwardPath.Child("defaultMode"), errors);
            ProjectionValidator.DownwardApi(volume.DownwardAPI.Items.OrEmpty(), downwardPath, errors);
        }

        if (volume.Projected is not null)
        {
            ProjectionValidator.Projected(volume.Projected, path.Child("projected"), errors);
        }
    }

    public static void Items(IList<V1KeyToPath> items, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < items.Count; i++)
        {
            FieldPath itemPath = path.Index(i);
            Require(items[i].Key, itemPath.Child("key"), errors);
            if (Require(items[i].Path, itemPath.Child("path"), errors))
            {
                PathRules.DescendingNonReserved(items[i].Path, itemPath.Child("path"), errors);
            }

            PathRules.Mode(items[i].Mode, itemPath.Child("mode"), errors);
        }
    }

    public static bool Require(string? value, FieldPath path, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(value))
        {
            return true;
        }

        errors.Required(path);
        return false;
    }

    private static void HostPath(V1HostPathVolumeSource? source, FieldPath path, FieldErrors errors)
    {
        if (source is null)
        {
            return;
        }

        if (Require(source.Path, path.Child("path"), errors))
        {
            PathRules.NoBackSteps(source.Path, path.Child("path"), errors);
        }

        if (source.Type is not null && !HostPathTypes.Contains(source.Type))
        {
            errors.NotSupported(path.Child("type"), source.Type, HostPathTypes);
        }
    }

    private static void EmptyDir(V1EmptyDirVolumeSource? source, FieldPath path, FieldErrors errors)
    {
        if (source?.SizeLimit?.ToQuantity().IsNegative == true)
        {
            errors.Forbidden(path.Child("sizeLimit"), "SizeLimit field must be a valid resource quantity");
        }
    }

    private static void Nfs(V1NFSVolumeSource? source, FieldPath path, FieldErrors errors)
    {
        if (source is null)
        {
            return;
        }

        Require(source.Server, path.Child("server"), errors);
        if (Require(source.Path, path.Child("path"), errors))
        {
            PathRules.Absolute(source.Path, path.Child("path"), errors);
        }
    }

    private static void Image(V1ImageVolumeSource? source, FieldPath path, FieldErrors errors)
    {
        if (source is not null)
        {
            Require(source.Reference, path.Child("reference"), errors);
            errors.AllowOneOf(path.Child("pullPolicy"), source.PullPolicy, "Always", "IfNotPresent", "Never");
        }
    }
}
