using System.Globalization;
using Noded.Api.Pods;
using Noded.Kubelet.Runtime;
using Noded.Linux.Cgroups;
using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>Where a pod's files and cgroup are; upstream's layout below the node's root.</summary>
internal sealed class PodLayout(NodePaths paths, ICgroupDriver cgroups)
{
    private const UnixFileMode Private =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    internal static string LogDirectory(NodePaths paths, PodUid uid, NamespacedName name) =>
        Path.Combine(paths.PodLogs, $"{name.Namespace}_{name.Name}_{uid}");

    internal string LogDirectory(PodUid uid, NamespacedName name) => LogDirectory(paths, uid, name);

    /// <summary>Every container has a link to its log in it.</summary>
    internal string LogLinks => paths.LogLinks;

    /// <summary>Every pod has a directory of its namespace, name and uid in it.</summary>
    internal string PodLogs => paths.PodLogs;

    /// <summary>Every pod has a directory of its uid in it.</summary>
    internal string Pods => Path.Combine(paths.Kubelet, "pods");

    /// <summary>What belongs to one pod beside its logs: volumes, hosts file.</summary>
    internal string PodDirectory(PodUid uid) => Path.Combine(Pods, uid.Value);

    /// <summary>Makes that directory, where it is missing, for root's eyes and its group's alone.</summary>
    internal string CreatePodDirectory(PodUid uid) => Directory.CreateDirectory(PodDirectory(uid), Private).FullName;

    /// <summary>Where pods name seccomp profiles of the machine from.</summary>
    internal string Seccomp => Path.Combine(paths.Kubelet, "seccomp");

    internal static string LogPath(string container, uint attempt) =>
        Path.Combine(container, attempt.ToString(CultureInfo.InvariantCulture) + ".log");

    /// <summary>All pods together.</summary>
    internal Cgroup PodsCgroup => QosCgroup(QosClass.Guaranteed);

    /// <summary>Guaranteed pods sit beside the two other classes' cgroups, not below one of their own.</summary>
    internal Cgroup QosCgroup(QosClass qosClass) => cgroups.Locate(NamesOf(qosClass));

    internal Cgroup PodCgroup(PodUid uid, QosClass qosClass) => cgroups.Locate([.. NamesOf(qosClass), $"pod{uid}"]);

    internal Cgroup ContainerCgroup(PodUid uid, QosClass qosClass, ContainerId id) =>
        cgroups.LocateContainer(PodCgroup(uid, qosClass), id.Value);

    private static string[] NamesOf(QosClass qosClass) => qosClass switch
    {
        QosClass.Guaranteed => ["kubepods"],
        QosClass.Burstable => ["kubepods", "burstable"],
        _ => ["kubepods", "besteffort"],
    };
}
