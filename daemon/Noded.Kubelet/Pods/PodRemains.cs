using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>
/// Pods of which files are left. The runtime knows nothing of a pod whose sandbox was removed, or not made yet, when the
/// daemon was killed.
/// </summary>
internal static class PodRemains
{
    /// <summary>The name that a pod gets of which only the uid is known.</summary>
    private const string Unknown = "unknown";

    internal static IReadOnlyDictionary<PodUid, NamespacedName> Find(PodLayout layout, IntentJournal intents)
    {
        Dictionary<PodUid, NamespacedName> found = [];
        foreach (PodUid uid in intents.Pods.Concat(Names(layout.Pods).Select(uid => new PodUid(uid))))
        {
            found[uid] = new NamespacedName(Unknown, uid.Value);
        }

        foreach (string logs in Names(layout.PodLogs))
        {
            if (logs.Split('_') is [string podNamespace, string name, string uid])
            {
                found[new PodUid(uid)] = new NamespacedName(podNamespace, name);
            }
        }

        return found;
    }

    private static IEnumerable<string> Names(string directory) =>
        Directory.Exists(directory)
            ? Directory.GetDirectories(directory).Select(path => Path.GetFileName(path))
            : [];
}
