using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Volumes;

/// <summary>What a container's volume mounts say. Sentences are upstream's, as users see them in the waiting state.</summary>
internal static class VolumeMounts
{
    /// <summary>The part of the volume that is meant; null for all of it.</summary>
    /// <param name="environment">A container's variable; null when there is none.</param>
    /// <exception cref="IOException">A variable is missing, or the path is none below the volume.</exception>
    internal static string? SubPathOf(V1VolumeMount mount, Func<string, string?> environment)
    {
        string path = string.IsNullOrEmpty(mount.SubPathExpr)
            ? mount.SubPath ?? string.Empty
            : Expand(mount.SubPathExpr, environment);
        if (path.StartsWith('/'))
        {
            throw new IOException($"error SubPath `{path}` must not be an absolute path");
        }

        return path.Split('/').Contains("..")
            ? throw new IOException($"unable to provision SubPath `{path}`: must not contain '..'")
            : path.Length == 0 ? null : path;
    }

    internal static MountPropagation PropagationOf(V1VolumeMount mount) => mount.MountPropagation switch
    {
        "HostToContainer" => MountPropagation.HostToContainer,
        "Bidirectional" => MountPropagation.Bidirectional,
        _ => MountPropagation.None,
    };

    /// <exception cref="IOException">It is asked for without condition and the runtime cannot do it.</exception>
    internal static bool IsRecursiveReadOnly(V1VolumeMount mount, bool isSupported) => mount.RecursiveReadOnly switch
    {
        "Enabled" when !isSupported => throw new IOException(
            $"failed to resolve recursive read-only mode: volume \"{mount.Name}\" requested recursive read-only mode, but it is not supported by the runtime"),
        "Enabled" => true,
        "IfPossible" => isSupported,
        _ => false,
    };

    internal static bool AsksForRecursiveReadOnly(V1VolumeMount mount) =>
        mount.RecursiveReadOnly is "Enabled" or "IfPossible";

    internal static string ContainerPathOf(V1VolumeMount mount) =>
        mount.MountPath.StartsWith('/') ? mount.MountPath : "/" + mount.MountPath;

    private static string Expand(string expression, Func<string, string?> environment)
    {
        SortedSet<string> missing = new(StringComparer.Ordinal);
        string expanded = PodEnvironment.Expand(expression, name =>
        {
            string? value = environment(name);
            if (string.IsNullOrEmpty(value))
            {
                missing.Add(name);
            }

            return value;
        });
        return missing.Count == 0
            ? expanded
            : throw new IOException($"missing value for {string.Join(", ", missing)}");
    }
}
