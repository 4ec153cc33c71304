using System.Collections.Immutable;
using System.Text;
using k8s.Models;
using Noded.Kubelet.Events;
using Noded.Kubelet.Images;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Linux;
using Noded.Linux.Files;
using Noded.Linux.Mounts;
using Noded.Primitives;

namespace Noded.Kubelet.Volumes;

/// <summary>
/// The volumes of all pods: makes them before containers start, gives containers their mounts, takes them away with the
/// pod. Remembers nothing: what is there is read from the file system and from mountinfo each time. A disk that hangs
/// holds up the pods that use it.
/// </summary>
internal sealed class VolumeManager(
    IRuntimeService runtime,
    PodLayout layout,
    EventRecorder events,
    FlightRecorder flight,
    VolumeMetrics metrics,
    TimeProvider clock,
    long nodeMemory)
{
    /// <summary>Of a file that is read whole.</summary>
    private const int MaxText = 1 << 20;

    /// <summary>Makes what the pod's volumes lack; those that are ready stay as they are.</summary>
    /// <exception cref="IOException">A volume cannot be had now, as an event says; later may be better.</exception>
    internal Task PrepareAsync(Pod pod, CancellationToken cancellationToken) =>
        pod.Spec.Volumes is null or { Count: 0 }
            ? Task.CompletedTask
            : RunAsync($"mount the volumes of {pod.Name}", () => Prepare(pod, cancellationToken), cancellationToken);

    /// <summary>The mounts of a container that is about to be created.</summary>
    /// <exception cref="ContainerStartException">A mount is not to be had; the reason is upstream's.</exception>
    internal async Task<ImmutableArray<ContainerMount>> MountAsync(
        Pod pod,
        V1Container container,
        ImmutableArray<KeyValuePair<string, string>> environment,
        CancellationToken cancellationToken)
    {
        if (container.VolumeMounts is null or { Count: 0 })
        {
            return [];
        }

        bool supportsRecursion = container.VolumeMounts.Any(VolumeMounts.AsksForRecursiveReadOnly)
            && await runtime.SupportsRecursiveReadOnlyAsync(cancellationToken);
        try
        {
            ImmutableArray<ContainerMount> mounts = [];
            await RunAsync(
                $"mount the volumes of {pod.Name}",
                () => mounts = Mounts(pod, container, environment, supportsRecursion),
                cancellationToken);
            return mounts;
        }
        catch (IOException e)
        {
            events.Warn(Subjects.OfContainer(pod, container.Name), "Failed", $"Error: {e.Message}");
            throw new ContainerStartException("CreateContainerConfigError", e.Message);
        }
    }

    /// <summary>What a file of a volume says; null when there is none.</summary>
    /// <exception cref="IOException">It leads out of the volume, is no file, or longer than <see cref="MaxText"/>.</exception>
    internal async Task<string?> ReadTextAsync(
        Pod pod, string volume, string path, CancellationToken cancellationToken)
    {
        string? text = null;
        await RunAsync(
            $"read {path} of volume {volume} of {pod.Name}", () => text = ReadText(pod, volume, path), cancellationToken);
        return text;
    }

    /// <summary>By plugin. A directory of the host is there once the pod has its own: the host's may be one that hangs.</summary>
    internal ImmutableArray<VolumeCount> Count(IEnumerable<Pod> pods)
    {
        (bool IsHostPath, bool IsThere)[] volumes =
        [
            .. from pod in pods
               where pod.Spec.Volumes is { Count: > 0 }
               let directory = layout.PodDirectory(pod.Uid)
               let hasDirectory = Directory.Exists(directory)
               from volume in DesiredVolumes.Compute(pod, directory, nodeMemory)
               select volume is DesiredVolume.EmptyDir emptyDir
                   ? (false, File.Exists(emptyDir.ReadyMarker))
                   : (true, hasDirectory),
        ];
        return [CountOf(VolumeMetrics.EmptyDir, isHostPath: false), CountOf(VolumeMetrics.HostPath, isHostPath: true)];

        VolumeCount CountOf(string plugin, bool isHostPath) => new(
            plugin,
            volumes.Count(volume => volume.IsHostPath == isHostPath),
            volumes.Count(volume => volume == (isHostPath, true)));
    }

    /// <summary>Unmounts and deletes what the pod had; its directories of the host stay.</summary>
    /// <exception cref="IOException">Somebody still uses a mount; the message names the processes.</exception>
    internal Task RemoveAsync(PodUid uid) =>
        RunAsync($"unmount the volumes of uid {uid}", () => Remove(uid), CancellationToken.None);

    /// <summary>
    /// The kernel may not answer, as of a file system in user space whose process hangs: then it is this pod's worker
    /// that waits, and says for what; one that is told to stop waits no more.
    /// </summary>
    private static async Task RunAsync(string what, Action act, CancellationToken cancellationToken)
    {
        using IDisposable? ongoing = OngoingCall.Begin(what, TimeSpan.Zero);
        await Task.Factory.StartNew(
            act, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(cancellationToken);
    }

    private void Remove(PodUid uid)
    {
        string directory = layout.PodDirectory(uid);
        if (!Directory.Exists(directory))
        {
            return;
        }

        string prefix = RealPath.Resolve(directory) + "/";
        foreach (MountInfo mount in MountInfo.ReadSelf().Reverse())
        {
            if (mount.MountPoint.StartsWith(prefix, StringComparison.Ordinal))
            {
                Unmount(mount.MountPoint);
            }
        }

        TreeRemoval.Remove(directory);
    }

    private void Prepare(Pod pod, CancellationToken cancellationToken)
    {
        string directory = PodDirectory(pod);
        ImmutableHashSet<string> mountPoints = MountPoints();
        List<string> failed = [];
        foreach (DesiredVolume volume in DesiredVolumes.Compute(pod, directory, nodeMemory))
        {
            cancellationToken.ThrowIfCancellationRequested();
            long start = clock.GetTimestamp();
            try
            {
                ImmutableArray<VolumeStep> steps = VolumePlan.Compute(volume, VolumeMounter.Observe(volume, mountPoints));
                foreach (VolumeStep step in steps)
                {
                    VolumeMounter.Execute(step);
                }

                if (!steps.IsEmpty)
                {
                    metrics.Mounted(volume, clock.GetElapsedTime(start), isDone: true);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                metrics.Mounted(volume, clock.GetElapsedTime(start), isDone: false);
                string message = $"MountVolume.SetUp failed for volume \"{volume.Name}\" : {e.Message}";
                events.Warn(pod.Subject, "FailedMount", message);
                failed.Add(message);
            }
        }

        if (failed.Count > 0)
        {
            throw new IOException(string.Join("; ", failed));
        }
    }

    private string? ReadText(Pod pod, string volume, string path)
    {
        using HostileTree tree = HostileTree.Open(
            DesiredVolumes.Compute(pod, PodDirectory(pod), nodeMemory).First(desired => desired.Name == volume).Path);
        using HostileFile? file = tree.TryOpen(path);
        if (file is null)
        {
            return null;
        }

        // Before it is opened for reading: a pipe would keep whoever opens it.
        if (file.Status.Type != FileType.Regular)
        {
            throw new IOException($"{path} is no file");
        }

        using FileStream stream = new(file.Handle, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] buffer = new byte[Math.Min(stream.Length, MaxText) + 1];
        int length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return length <= MaxText
            ? Encoding.UTF8.GetString(buffer.AsSpan(0, length))
            : throw new IOException($"{path} has more than {MaxText} bytes");
    }

    private ImmutableArray<ContainerMount> Mounts(
        Pod pod, V1Container container, ImmutableArray<KeyValuePair<string, string>> environment, bool supportsRecursion)
    {
        string directory = PodDirectory(pod);
        Dictionary<string, DesiredVolume> volumes =
            DesiredVolumes.Compute(pod, directory, nodeMemory).ToDictionary(volume => volume.Name);
        Dictionary<string, string> variables = environment.ToDictionary();
        ImmutableArray<ContainerMount>.Builder mounts = ImmutableArray.CreateBuilder<ContainerMount>();
        for (int i = 0; i < container.VolumeMounts.Count; i++)
        {
            V1VolumeMount mount = container.VolumeMounts[i];
            DesiredVolume volume = volumes[mount.Name];
            string? subPath = VolumeMounts.SubPathOf(mount, variables.GetValueOrDefault);
            mounts.Add(new ContainerMount(
                VolumeMounts.ContainerPathOf(mount),
                subPath is null
                    ? volume.Path
                    : MountSubPath(pod, container, volume, subPath, VolumePaths.SubPath(directory, volume.Name, container.Name, i)),
                mount.ReadOnlyProperty == true,
                VolumeMounts.PropagationOf(mount),
                VolumeMounts.IsRecursiveReadOnly(mount, supportsRecursion)));
        }

        return mounts.ToImmutable();
    }

    /// <summary>The user learns only that it failed: more could tell what is where on the host.</summary>
    private string MountSubPath(Pod pod, V1Container container, DesiredVolume volume, string subPath, string mountPoint)
    {
        string what = "create subPath directory";
        try
        {
            SubPath.Create(volume.Path, subPath);
            what = "prepare subPath";
            SubPath.Mount(volume.Path, subPath, mountPoint, MountPoints().Contains(mountPoint));
            return mountPoint;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            flight.Record(FlightEntryKind.Failed, Subjects.OfContainer(pod, container.Name), $"{what}: {e.Message}");
            throw new IOException($"failed to {what} for volumeMount \"{volume.Name}\" of container \"{container.Name}\"");
        }
    }

    private static ImmutableHashSet<string> MountPoints() =>
        [.. MountInfo.ReadSelf().Select(mount => mount.MountPoint)];

    /// <summary>Without symbolic links, so that mountinfo names it the same.</summary>
    private string PodDirectory(Pod pod) => RealPath.Resolve(layout.CreatePodDirectory(pod.Uid));

    private static void Unmount(string mountPoint)
    {
        try
        {
            Mount.Unmount(mountPoint);
        }
        catch (LinuxException e) when (e.Errno == Errno.EBUSY)
        {
            ImmutableArray<string> holders = MountHolders.Find(mountPoint);
            throw new IOException(
                $"{e.Message}; {(holders.IsEmpty ? "no process of this mount namespace uses it" : $"in use by {string.Join(", ", holders)}")}",
                e);
        }
    }
}
