namespace Noded.Kubelet.Volumes;

/// <summary>A volume as its pod wants it.</summary>
internal abstract record DesiredVolume
{
    private DesiredVolume(string name, string path) => (Name, Path) = (name, path);

    public string Name { get; }

    /// <summary>What containers get to see.</summary>
    public string Path { get; }

    /// <summary>A directory that begins empty and lives as long as the pod.</summary>
    /// <param name="ReadyMarker">The file that says that it is complete: what containers did to it since stays.</param>
    /// <param name="FsGroup">The group that may write; null for the daemon's own.</param>
    internal sealed record EmptyDir(string Name, string Path, string ReadyMarker, uint? FsGroup, EmptyDirMedium Medium)
        : DesiredVolume(Name, Path);

    /// <summary>A file or directory of the host, which stays when the pod goes.</summary>
    internal sealed record HostPath(string Name, string Path, string Type) : DesiredVolume(Name, Path);
}
