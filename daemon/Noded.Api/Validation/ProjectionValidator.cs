using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>Projected volumes and the files of the downward API.</summary>
internal static class ProjectionValidator
{
    public static void Projected(V1ProjectedVolumeSource projected, FieldPath path, FieldErrors errors)
    {
        PathRules.Mode(projected.DefaultMode, path.Child("defaultMode"), errors);
        IList<V1VolumeProjection> sources = projected.Sources.OrEmpty();
        for (int i = 0; i < sources.Count; i++)
        {
            Source(sources[i], path.Child("sources").Index(i), errors);
        }
    }

    public static void DownwardApi(IList<V1DownwardAPIVolumeFile> files, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < files.Count; i++)
        {
            V1DownwardAPIVolumeFile file = files[i];
            FieldPath filePath = path.Child("items").Index(i);
            if (VolumeSourceValidator.Require(file.Path, filePath.Child("path"), errors))
            {
                PathRules.DescendingNonReserved(file.Path, filePath.Child("path"), errors);
            }

            PathRules.Mode(file.Mode, filePath.Child("mode"), errors);
            switch (file.FieldRef, file.ResourceFieldRef)
            {
                case (null, null):
                    errors.Required(filePath, "one of fieldRef and resourceFieldRef is required");
                    break;
                case (not null, not null):
                    errors.Invalid(
                        filePath, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
                    break;
            }

            FieldRefValidator.Field(file.FieldRef, filePath.Child("fieldRef"), FieldRefValidator.VolumeFields, errors);
            FieldRefValidator.Resource(
                file.ResourceFieldRef, filePath.Child("resourceFieldRef"), inVolume: true, errors);
        }
    }

    private static void Source(V1VolumeProjection source, FieldPath path, FieldErrors errors)
    {
        (string Name, object? Part)[] parts =
        [
            ("secret", source.Secret), ("configMap", source.ConfigMap), ("downwardAPI", source.DownwardAPI),
            ("serviceAccountToken", source.ServiceAccountToken), ("clusterTrustBundle", source.ClusterTrustBundle),
            ("podCertificate", source.PodCertificate),
        ];

        int given = 0;
        foreach ((string name, object? part) in parts)
        {
            if (part is not null && ++given > 1)
            {
                errors.Forbidden(path.Child(name), "may not specify more than 1 volume type per source");
            }
        }

        if (given == 0)
        {
            errors.Required(path, "must specify a volume type");
        }

        if (source.DownwardAPI is not null)
        {
            DownwardApi(source.DownwardAPI.Items.OrEmpty(), path.Child("downwardAPI"), errors);
        }

        VolumeSourceValidator.Items((source.Secret?.Items).OrEmpty(), path.Child("secret").Child("items"), errors);
        VolumeSourceValidator.Items(
            (source.ConfigMap?.Items).OrEmpty(), path.Child("configMap").Child("items"), errors);
    }
}
