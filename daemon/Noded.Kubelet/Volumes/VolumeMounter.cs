using System.Diagnostics;
using Noded.Linux;
using Noded.Linux.Files;
using Noded.Linux.Mounts;
using Noded.Linux.Processes;

namespace Noded.Kubelet.Volumes;

/// <summary>Looks at volumes and carries out the steps of <see cref="VolumePlan"/>; decides nothing.</summary>
internal static class VolumeMounter
{
    private const uint Private = 0x1E8; // 0750

    internal static VolumeObservation Observe(DesiredVolume volume, IReadOnlySet<string> mountPoints) => new(
        volume is DesiredVolume.EmptyDir emptyDir && File.Exists(emptyDir.ReadyMarker),
        FileStatus.TryRead(volume.Path),
        mountPoints.Contains(volume.Path));

    /// <exception cref="IOException">The machine refuses, or the volume cannot be as it is wanted.</exception>
    internal static void Execute(VolumeStep step)
    {
        switch (step)
        {
            case VolumeStep.MakeDirectory { Path: string path, Mode: uint mode }:
                MakeDirectory(path, mode);
                break;
            case VolumeStep.MakeFile { Path: string path, Mode: uint mode }:
                MakeFile(path, mode);
                break;
            case VolumeStep.MountTmpfs { Path: string path, Bytes: long bytes }:
                MountTmpfs(path, bytes);
                break;
            case VolumeStep.MountHugePages { Path: string path, PageBytes: long bytes }:
                Mount.HugePages(path, bytes);
                break;
            case VolumeStep.SetAccess { Path: string path, Mode: uint mode, Group: var group }:
                DirectoryAccess.Set(path, mode, group);
                break;
            case VolumeStep.MarkReady { Marker: string marker }:
                MakeDirectory(Path.GetDirectoryName(marker)!, Private);
                File.WriteAllBytes(marker, []);
                break;
            case VolumeStep.Refuse { Message: string message }:
                throw new IOException(message);
            default:
                throw new UnreachableException($"Unhandled {step.GetType().Name}.");
        }
    }

    /// <summary>Its parents get the usual mode; of a pod's, the pod's directory itself is closed.</summary>
    private static void MakeDirectory(string path, uint mode) => Directory.CreateDirectory(path, (UnixFileMode)mode);

    private static void MakeFile(string path, uint mode)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            UnixCreateMode = (UnixFileMode)mode,
        };
        using FileStream made = new(path, options);
    }

    private static void MountTmpfs(string path, long bytes)
    {
        try
        {
            Mount.Tmpfs(path, bytes, noSwap: MachineMemory.ReadSwapBytes() > 0);
        }
        catch (LinuxException e) when (e.Errno == Errno.EINVAL)
        {
            // A kernel before 6.4: its pages may go to swap, as upstream accepts.
            Mount.Tmpfs(path, bytes, noSwap: false);
        }
    }
}
