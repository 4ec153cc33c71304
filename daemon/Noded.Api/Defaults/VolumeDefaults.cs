using k8s.Models;

using Noded.Api.Pods;

namespace Noded.Api.Defaults;

/// <summary>Defaults of one volume.</summary>
internal static class VolumeDefaults
{
    internal const int FileMode = 420; // 0644

    public static void Apply(V1Volume volume)
    {
        if (VolumeSources.Of(volume).All(source => source.Source is null))
        {
            volume.EmptyDir = new V1EmptyDirVolumeSource();
        }

        if (volume.HostPath is not null)
        {
            volume.HostPath.Type ??= "";
        }

        if (volume.Secret is not null)
        {
            volume.Secret.DefaultMode ??= FileMode;
        }

        if (volume.ConfigMap is not null)
        {
            volume.ConfigMap.DefaultMode ??= FileMode;
        }

        if (volume.Image is not null)
        {
            volume.Image.PullPolicy =
                PodDefaults.OrDefault(volume.Image.PullPolicy, ContainerDefaults.PullPolicyFor(volume.Image.Reference));
        }

        if (volume.DownwardAPI is not null)
        {
            volume.DownwardAPI.DefaultMode ??= FileMode;
            ApplyTo(volume.DownwardAPI.Items);
        }

        if (volume.Projected is not null)
        {
            volume.Projected.DefaultMode ??= FileMode;
            foreach (V1VolumeProjection source in volume.Projected.Sources.OrEmpty())
            {
                ApplyTo(source.DownwardAPI?.Items);
                if (source.ServiceAccountToken is not null)
                {
                    source.ServiceAccountToken.ExpirationSeconds ??= 3600;
                }
            }
        }
    }

    private static void ApplyTo(IList<V1DownwardAPIVolumeFile>? files)
    {
        foreach (V1DownwardAPIVolumeFile file in files.OrEmpty())
        {
            ContainerDefaults.ApplyTo(file.FieldRef);
        }
    }
}
