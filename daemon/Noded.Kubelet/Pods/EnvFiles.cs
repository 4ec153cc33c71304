using k8s.Models;
using Noded.Kubelet.Volumes;

namespace Noded.Kubelet.Pods;

/// <summary>The files in a pod's volumes that a container takes variables from, as they are when it is created.</summary>
internal sealed class EnvFiles
{
    private readonly Dictionary<(string Volume, string Path), string?> _texts = [];

    private EnvFiles()
    {
    }

    /// <exception cref="PodConfigException">A file cannot be read.</exception>
    internal static async Task<EnvFiles> ReadAsync(
        Pod pod, V1Container container, VolumeManager volumes, CancellationToken cancellationToken)
    {
        EnvFiles files = new();
        foreach (V1FileKeySelector key in (container.Env ?? []).Select(variable => variable.ValueFrom?.FileKeyRef).OfType<V1FileKeySelector>())
        {
            try
            {
                files._texts[(key.VolumeName, key.Path)] =
                    await volumes.ReadTextAsync(pod, key.VolumeName, key.Path, cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new PodConfigException($"couldn't read env file {key.Path} of volume {key.VolumeName}: {e.Message}");
            }
        }

        return files;
    }

    /// <summary>A variable's value; null when neither the file nor the manifest insists on one.</summary>
    /// <exception cref="PodConfigException">The file is missing or malformed, or has no such key.</exception>
    internal string? Resolve(V1FileKeySelector key)
    {
        string where = $"env file {key.Path} of volume {key.VolumeName}";
        try
        {
            return _texts[(key.VolumeName, key.Path)] switch
            {
                { } text when EnvFile.Find(text, key.Key) is { } value => value,
                _ when key.Optional == true => null,
                null => throw new PodConfigException($"couldn't find {where}"),
                _ => throw new PodConfigException($"couldn't find key {key.Key} in {where}"),
            };
        }
        catch (FormatException e)
        {
            throw new PodConfigException($"couldn't parse {where}: {e.Message}");
        }
    }
}
