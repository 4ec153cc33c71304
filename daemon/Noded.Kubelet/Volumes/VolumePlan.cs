using System.Collections.Immutable;
using System.Diagnostics;
using Noded.Linux.Files;

namespace Noded.Kubelet.Volumes;

/// <summary>What there is of a volume, whoever made it.</summary>
/// <param name="IsReady">Its marker is there.</param>
/// <param name="Found">At its path, through symbolic links; null when there is nothing.</param>
/// <param name="IsMounted">Its path is a mount point.</param>
internal readonly record struct VolumeObservation(bool IsReady, FileStatus? Found, bool IsMounted);

/// <summary>One step towards a volume that is ready; safe to do twice.</summary>
internal abstract record VolumeStep
{
    private VolumeStep()
    {
    }

    internal sealed record MakeDirectory(string Path, uint Mode) : VolumeStep;

    internal sealed record MakeFile(string Path, uint Mode) : VolumeStep;

    internal sealed record MountTmpfs(string Path, long Bytes) : VolumeStep;

    internal sealed record MountHugePages(string Path, long PageBytes) : VolumeStep;

    internal sealed record SetAccess(string Path, uint Mode, uint? Group) : VolumeStep;

    internal sealed record MarkReady(string Marker) : VolumeStep;

    /// <summary>It cannot become ready as things are.</summary>
    internal sealed record Refuse(string Message) : VolumeStep;
}

/// <summary>Decides what a volume lacks. A daemon that was killed half-way leaves what the next one goes on from.</summary>
internal static class VolumePlan
{
    private const uint Everybody = 0x1FF; // 0777
    private const uint Sticky = 0x200; // 01000
    private const uint SetGroup = 0x400; // 02000
    private const uint HostDirectory = 0x1ED; // 0755
    private const uint HostFile = 0x1A4; // 0644

    internal static ImmutableArray<VolumeStep> Compute(DesiredVolume volume, VolumeObservation observed) => volume switch
    {
        DesiredVolume.EmptyDir emptyDir => Compute(emptyDir, observed),
        DesiredVolume.HostPath hostPath => Compute(hostPath, observed.Found),
        _ => throw new UnreachableException($"Unhandled {volume.GetType().Name}."),
    };

    private static ImmutableArray<VolumeStep> Compute(DesiredVolume.EmptyDir volume, VolumeObservation observed)
    {
        VolumeStep? mount = volume.Medium switch
        {
            EmptyDirMedium.OnDisk => null,
            EmptyDirMedium.InMemory { Bytes: long bytes } => new VolumeStep.MountTmpfs(volume.Path, bytes),
            EmptyDirMedium.InHugePages { PageBytes: long bytes } => new VolumeStep.MountHugePages(volume.Path, bytes),
            EmptyDirMedium.Unavailable { Message: string message } => new VolumeStep.Refuse(message),
            _ => throw new UnreachableException($"Unhandled {volume.Medium.GetType().Name}."),
        };
        bool isThere = mount is null ? observed.Found is not null : observed.IsMounted;
        if (isThere && observed.IsReady)
        {
            return [];
        }

        if (mount is VolumeStep.Refuse)
        {
            return [mount];
        }

        // In memory like /tmp; on disk without the sticky bit, as upstream.
        uint mode = Everybody | (mount is null ? 0 : Sticky) | (volume.FsGroup is null ? 0 : SetGroup);
        return
        [
            new VolumeStep.MakeDirectory(volume.Path, Everybody),
            .. mount is null || observed.IsMounted ? [] : new[] { mount },
            new VolumeStep.SetAccess(volume.Path, mode, volume.FsGroup),
            new VolumeStep.MarkReady(volume.ReadyMarker),
        ];
    }

    private static ImmutableArray<VolumeStep> Compute(DesiredVolume.HostPath volume, FileStatus? found) =>
        (volume.Type, found?.Type) switch
        {
            // No check at all; the runtime makes a directory of what is missing.
            ("", _) => [],
            ("DirectoryOrCreate", null) => [new VolumeStep.MakeDirectory(volume.Path, HostDirectory)],
            ("FileOrCreate", null) => [new VolumeStep.MakeFile(volume.Path, HostFile)],
            ("Directory" or "DirectoryOrCreate", not FileType.Directory) => Mismatch(volume, "directory"),
            ("File" or "FileOrCreate", not FileType.Regular) => Mismatch(volume, "file"),
            ("Socket", not FileType.Socket) => Mismatch(volume, "socket file"),
            ("CharDevice", not FileType.CharacterDevice) => Mismatch(volume, "character device"),
            ("BlockDevice", not FileType.BlockDevice) => Mismatch(volume, "block device"),
            _ => [],
        };

    private static ImmutableArray<VolumeStep> Mismatch(DesiredVolume.HostPath volume, string expected) =>
        [new VolumeStep.Refuse($"hostPath type check failed: {volume.Path} is not a {expected}")];
}
