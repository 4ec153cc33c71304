using System.Globalization;

namespace Noded.Kubelet.Volumes;

/// <summary>Where things are in a pod's directory; upstream's layout, which drivers and agents rely on.</summary>
internal static class VolumePaths
{
    private const string EmptyDirPlugin = "kubernetes.io~empty-dir";

    internal static string EmptyDir(string podDirectory, string volume) =>
        Path.Combine(podDirectory, "volumes", EmptyDirPlugin, volume);

    /// <summary>There once the volume is complete.</summary>
    internal static string ReadyMarker(string podDirectory, string volume) =>
        Path.Combine(podDirectory, "plugins", EmptyDirPlugin, volume, "ready");

    /// <param name="index">Of the mount in the container.</param>
    internal static string SubPath(string podDirectory, string volume, string container, int index) => Path.Combine(
        podDirectory, "volume-subpaths", volume, container, index.ToString(CultureInfo.InvariantCulture));
}
