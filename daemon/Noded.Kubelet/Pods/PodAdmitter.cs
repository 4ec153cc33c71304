using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Resources;

namespace Noded.Kubelet.Pods;

/// <summary>What the node lets pods do and have.</summary>
/// <param name="Labels">The node's, which pods can ask for.</param>
/// <param name="AllowedUnsafeSysctls">Names, or beginnings that end in <c>*</c>.</param>
/// <param name="HasAppArmor">The kernel enforces AppArmor profiles.</param>
internal sealed record AdmissionRules(
    string NodeName,
    ImmutableDictionary<string, string> Labels,
    NodeResources Allocatable,
    int MaxPods,
    ImmutableArray<string> AllowedUnsafeSysctls,
    bool HasAppArmor);

/// <summary>Whether a pod may run, and at whose cost.</summary>
/// <param name="Rejection">Why it may not; null if it may.</param>
/// <param name="Preempted">The pods that make room for it first.</param>
/// <param name="Signal">The resource that they have and it lacks; empty if there is room.</param>
internal sealed record Admission(PodFailure? Rejection, ImmutableArray<Pod> Preempted, string Signal)
{
    internal static Admission Granted { get; } = new(null, [], string.Empty);

    public static implicit operator Admission(PodFailure rejection) => new(rejection, [], string.Empty);
}

/// <summary>Decides whether a pod may run beside those that do. The order and the words are upstream's.</summary>
internal sealed class PodAdmitter(AdmissionRules rules, Func<ImmutableHashSet<string>> pressures)
{
    private const string OsLabel = "kubernetes.io/os";

    /// <summary>Sysctls that reach no further than the pod: upstream's safe set.</summary>
    private static readonly FrozenSet<string> SafeSysctls = FrozenSet.Create(
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem");

    /// <param name="running">The pods that have what they asked for.</param>
    internal Admission Admit(Pod pod, IReadOnlyCollection<Pod> running)
    {
        if ((Pressure(pod) ?? Sysctls(pod) ?? Features(pod)) is { } refusal)
        {
            return refusal;
        }

        ImmutableArray<InsufficientResource> insufficient = Insufficient(pod, running);
        if (!pod.IsNodeCritical && !insufficient.IsEmpty)
        {
            return PodFailure.Rejected("OutOf" + insufficient[0].Resource, insufficient[0].ToString());
        }

        // Nobody ends for a pod that cannot run all the same.
        return (Node(pod) ?? HostPorts(pod, running) ?? AppArmor(pod)) is { } misfit
            ? misfit
            : MakeRoom(pod, running, insufficient);
    }

    /// <summary>Pods without any request are the first to go while memory is short; on a full disk nothing starts.</summary>
    private PodFailure? Pressure(Pod pod)
    {
        ImmutableHashSet<string> present = pressures();
        bool mayRun = present.IsEmpty || pod.IsNodeCritical
            || (present.SetEquals(["MemoryPressure"]) && pod.Manifest.QosClass() != QosClass.BestEffort);
        return mayRun
            ? null
            : PodFailure.Rejected("Evicted", $"The node had condition: [{string.Join(' ', present.Order(StringComparer.Ordinal))}]. ");
    }

    private PodFailure? Sysctls(Pod pod)
    {
        foreach (V1Sysctl sysctl in pod.Spec.SecurityContext?.Sysctls ?? [])
        {
            string name = sysctl.Name.Replace('/', '.');
            if (!SafeSysctls.Contains(name) && !rules.AllowedUnsafeSysctls.Any(allowed => Matches(allowed, name)))
            {
                return PodFailure.Rejected("SysctlForbidden", $"forbidden sysctl: \"{name}\" not allowlisted");
            }
        }

        return null;
    }

    private static bool Matches(string pattern, string name) => pattern.EndsWith('*')
        ? name.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal)
        : name == pattern;

    /// <summary>What the node does not have for it beside the others, in upstream's order.</summary>
    private ImmutableArray<InsufficientResource> Insufficient(Pod pod, IReadOnlyCollection<Pod> running)
    {
        NodeResources has = rules.Allocatable;
        (string Resource, long Capacity)[] resources =
        [
            ("pods", rules.MaxPods),
            ("cpu", has.MilliCpu),
            ("memory", has.Memory),
            ("ephemeral-storage", has.EphemeralStorage),
            .. PodRequests.HugePages(pod.Spec).Order(StringComparer.Ordinal)
                .Select(resource => (resource, has.HugePages.GetValueOrDefault(resource))),
        ];
        return
        [
            .. resources
                .Select(resource => new InsufficientResource(
                    resource.Resource,
                    Preemption.Requested(pod, resource.Resource),
                    running.Sum(other => Preemption.Requested(other, resource.Resource)),
                    resource.Capacity))
                .Where(lack => lack is { Requested: > 0, Missing: > 0 }),
        ];
    }

    /// <summary>For a pod that the node needs.</summary>
    private static Admission MakeRoom(Pod pod, IReadOnlyCollection<Pod> running, ImmutableArray<InsufficientResource> insufficient)
    {
        if (insufficient.IsEmpty)
        {
            return Admission.Granted;
        }

        return Preemption.Choose(pod, running, insufficient) is { } victims
            ? Admission.Granted with { Preempted = victims, Signal = insufficient[0].Resource }
            : PodFailure.Rejected("UnexpectedAdmissionError", NobodyToPreempt(insufficient));
    }

    private static string NobodyToPreempt(IEnumerable<InsufficientResource> insufficient)
    {
        IEnumerable<string> all = insufficient.Select(
            lack => string.Create(CultureInfo.InvariantCulture, $"(res: {lack.Resource}, q: {lack.Missing}), "));
        return "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of "
            + $"pods to preempt: no set of running pods found to reclaim resources: [{string.Concat(all)}]";
    }

    /// <summary>What room would not help with.</summary>
    private PodFailure? Features(Pod pod)
    {
        if (pod.Spec.NodeSelector is { } selector && selector.TryGetValue(OsLabel, out string? os) && os != rules.Labels[OsLabel])
        {
            return PodFailure.Rejected(
                "PodOSSelectorNodeLabelDoesNotMatch", $"Failed to admit pod as the `{OsLabel}` label doesn't match node label");
        }

        return pod.Spec.Os is { Name: not "linux" }
            ? PodFailure.Rejected("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
            : null;
    }

    private PodFailure? Node(Pod pod) => NodeSelection.Matches(pod.Spec, rules.NodeName, rules.Labels)
        ? null
        : PodFailure.Rejected(
            "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");

    private static PodFailure? HostPorts(Pod pod, IReadOnlyCollection<Pod> running)
    {
        List<V1ContainerPort> wanted = [.. HostPorts(pod)];
        return running.SelectMany(HostPorts).Any(taken => wanted.Any(port => Collide(port, taken)))
            ? PodFailure.Rejected("NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
            : null;
    }

    private static IEnumerable<V1ContainerPort> HostPorts(Pod pod) =>
        pod.Spec.Containers.Concat((pod.Spec.InitContainers ?? []).Where(init => init.IsRestartableInit()))
            .SelectMany(container => container.Ports ?? [])
            .Where(port => port.HostPort > 0);

    private static bool Collide(V1ContainerPort one, V1ContainerPort other) =>
        one.HostPort == other.HostPort
        && (one.Protocol ?? "TCP") == (other.Protocol ?? "TCP")
        && (IsAny(one.HostIP) || IsAny(other.HostIP) || one.HostIP == other.HostIP);

    private static bool IsAny(string? address) => address is null or "" or "0.0.0.0" or "::";

    private PodFailure? AppArmor(Pod pod)
    {
        bool asks = AsksForAppArmor(pod.Spec.SecurityContext?.AppArmorProfile)
            || pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? [])
                .Any(container => AsksForAppArmor(AppArmorProfiles.Find(pod.Manifest, container)));
        return asks && !rules.HasAppArmor
            ? PodFailure.Rejected("AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host")
            : null;
    }

    private static bool AsksForAppArmor(V1AppArmorProfile? profile) => profile is not null and not { Type: "Unconfined" };
}
