using System.Collections.Immutable;
using System.Globalization;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Logs;

/// <summary>The logs of all pods' containers as files: directories, links, rotation, removal.</summary>
/// <param name="rotate">Told of the running containers of a pod, all of them; see <see cref="ContainerLogManager"/>.</param>
internal sealed class PodLogs(
    PodLayout layout, Action<PodUid, ImmutableArray<LoggedContainer>> rotate, FlightRecorder flight)
{
    private ImmutableHashSet<PodUid> _known = [];

    /// <summary>Brings links and rotation to what the runtime holds of the pod.</summary>
    internal void Sync(Pod pod, PodStatus status)
    {
        try
        {
            SyncFiles(pod, status);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A pod runs without them; the next sync tries again.
            flight.Record(FlightEntryKind.Failed, pod.Subject, $"files of logs: {e.Message}");
        }

        rotate(
            pod.Uid,
            [
                .. status.Containers.Where(container => container.State == ContainerState.Running)
                    .Select(container => new LoggedContainer(container.Id, FileOf(pod.Uid, pod.Name, container))),
            ]);
    }

    /// <summary>
    /// The last attempt of each of the pod's containers that has logged and that the runtime does not have: we remove a
    /// container's log with it.
    /// </summary>
    internal ImmutableDictionary<string, uint> FindLost(Pod pod, PodStatus status)
    {
        ImmutableDictionary<string, uint> lost = ImmutableDictionary<string, uint>.Empty;
        foreach (string name in pod.Spec.Containers.Select(container => container.Name)
            .Where(name => status.TryGetNewest(name) is null))
        {
            string directory = Path.Combine(layout.LogDirectory(pod.Uid, pod.Name), name);
            foreach (string file in Directory.Exists(directory) ? Directory.GetFiles(directory, "*.log") : [])
            {
                if (uint.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out uint attempt)
                    && attempt >= lost.GetValueOrDefault(name))
                {
                    lost = lost.SetItem(name, attempt);
                }
            }
        }

        return lost;
    }

    /// <summary>The container was removed from the runtime: its files go, too.</summary>
    internal void Remove(PodUid uid, NamespacedName pod, ContainerStatus container)
    {
        LogLinks.Remove(layout.LogLinks, LogLinks.NameOf(pod, container.Name, container.Id.Value));
        string file = FileOf(uid, pod, container);
        RemoveFiles(Path.GetDirectoryName(file)!, name => Belongs(name, Path.GetFileName(file)));
    }

    /// <summary>The pod's containers were removed from the runtime.</summary>
    internal void Remove(PodUid uid, NamespacedName pod)
    {
        rotate(uid, []);
        ImmutableInterlocked.Update(ref _known, known => known.Remove(uid));
        string directory = layout.LogDirectory(uid, pod);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }

        LogLinks.Sweep(layout.LogLinks, directory);
    }

    private void SyncFiles(Pod pod, PodStatus status)
    {
        if (ImmutableInterlocked.Update(ref _known, known => known.Add(pod.Uid)))
        {
            RemoveStrays(pod, status);
        }

        foreach (ContainerStatus container in status.Containers.Where(container => container.StartedAt is not null))
        {
            LogLinks.Make(
                layout.LogLinks,
                LogLinks.NameOf(pod.Name, container.Name, container.Id.Value),
                FileOf(pod.Uid, pod.Name, container));
        }
    }

    /// <summary>What a daemon left that was killed between the runtime's removal of a container and its own.</summary>
    private void RemoveStrays(Pod pod, PodStatus status)
    {
        string directory = layout.LogDirectory(pod.Uid, pod.Name);
        foreach (string container in Directory.Exists(directory) ? Directory.GetDirectories(directory) : [])
        {
            HashSet<string> kept =
            [
                .. status.Containers.Where(other => other.Name == Path.GetFileName(container))
                    .Select(other => Path.GetFileName(FileOf(pod.Uid, pod.Name, other))),
            ];
            RemoveFiles(
                container,
                name => name.EndsWith(RotatedLogs.Temporary, StringComparison.Ordinal) || !kept.Any(log => Belongs(name, log)));
        }
    }

    private string FileOf(PodUid uid, NamespacedName pod, ContainerStatus container) =>
        Path.Combine(layout.LogDirectory(uid, pod), PodLayout.LogPath(container.Name, container.Attempt));

    private static bool Belongs(string name, string log) =>
        name == log || name.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{log}."), StringComparison.Ordinal);

    private static void RemoveFiles(string directory, Func<string, bool> isMeant)
    {
        foreach (string file in Directory.Exists(directory) ? Directory.GetFiles(directory) : [])
        {
            if (isMeant(Path.GetFileName(file)))
            {
                File.Delete(file);
            }
        }
    }
}
