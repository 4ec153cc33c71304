namespace Noded.Kubelet.Runtime;

/// <summary>Whether mounts that appear later on one side of a container's mount show on the other.</summary>
public enum MountPropagation
{
    None,
    HostToContainer,
    Bidirectional,
}

/// <summary>A file or directory of the host that a container sees.</summary>
/// <param name="RecursiveReadOnly">What is mounted below it is read-only, too.</param>
public sealed record ContainerMount(
    string ContainerPath, string HostPath, bool ReadOnly, MountPropagation Propagation, bool RecursiveReadOnly);
