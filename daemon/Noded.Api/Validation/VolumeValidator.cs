using k8s.Models;

using Noded.Api.Pods;

namespace Noded.Api.Validation;

/// <summary>The volumes of a pod: names, exactly one source each, and the sources themselves.</summary>
internal static class VolumeValidator
{
    /// <summary>Reports, and returns the names that mounts may use.</summary>
    public static HashSet<string> Validate(IList<V1Volume> volumes, FieldPath path, FieldErrors errors)
    {
        HashSet<string> names = [];
        for (int i = 0; i < volumes.Count; i++)
        {
            V1Volume volume = volumes[i];
            FieldPath volumePath = path.Index(i);
            FieldPath namePath = volumePath.Child("name");
            if (string.IsNullOrEmpty(volume.Name))
            {
                errors.Required(namePath);
            }
            else if (!names.Add(volume.Name))
            {
                errors.Duplicate(namePath, volume.Name);
            }
            else
            {
                errors.Invalid(namePath, volume.Name, NameRules.Dns1123Label(volume.Name));
            }

            ExactlyOneSource(volume, volumePath, errors);
            VolumeSourceValidator.Validate(volume, volumePath, errors);
        }

        return names;
    }

    private static void ExactlyOneSource(V1Volume volume, FieldPath path, FieldErrors errors)
    {
        int given = 0;
        foreach ((string name, object? source) in VolumeSources.Of(volume))
        {
            if (source is not null && ++given > 1)
            {
                errors.Forbidden(path.Child(name), "may not specify more than 1 volume type");
            }
        }

        if (given == 0)
        {
            errors.Required(path, "must specify a volume type");
        }
    }
}
