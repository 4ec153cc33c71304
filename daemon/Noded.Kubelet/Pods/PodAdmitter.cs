using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Resources;

namespace Noded.Kubelet.Pods;

/// <summary>What the node lets pods do and have.</summary>
/// <param name="AllowedUnsafeSysctls">Names, or beginnings that end in <c>*</c>.</param>
/// <param name="HasAppArmor">The kernel enforces AppArmor profiles.</param>
internal sealed record AdmissionRules(
    NodeResources Allocatable, int MaxPods, ImmutableArray<string> AllowedUnsafeSysctls, bool HasAppArmor);

/// <summary>Decides whether a pod may run beside those that do. The order and the words are upstream's.</summary>
internal sealed class PodAdmitter(AdmissionRules rules, Func<ImmutableHashSet<string>> pressures)
{
    /// <summary>Sysctls that reach no further than the pod: upstream's safe set.</summary>
    private static readonly FrozenSet<string> SafeSysctls = FrozenSet.Create(
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem");

    /// <summary>Null if it may; otherwise why not.</summary>
    /// <param name="running">The pods that have what they asked for.</param>
    internal PodFailure? Admit(Pod pod, IReadOnlyCollection<Pod> running) =>
        Pressure(pod) ?? Sysctls(pod) ?? Resources(pod, running) ?? HostPorts(pod, running) ?? AppArmor(pod);

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

    private PodFailure? Resources(Pod pod, IReadOnlyCollection<Pod> running) =>
        Fit("pods", 1, running.Count, rules.MaxPods)
        ?? Fit("cpu", MilliCpu(pod), running.Sum(MilliCpu), rules.Allocatable.MilliCpu)
        ?? Fit("memory", Amount(pod, "memory"), running.Sum(other => Amount(other, "memory")), rules.Allocatable.Memory)
        ?? Fit(
            "ephemeral-storage",
            Amount(pod, "ephemeral-storage"),
            running.Sum(other => Amount(other, "ephemeral-storage")),
            rules.Allocatable.EphemeralStorage);

    private static PodFailure? Fit(string resource, long requested, long used, long capacity) =>
        requested == 0 || used + requested <= capacity
            ? null
            : PodFailure.Rejected(
                "OutOf" + resource,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"));

    private static long MilliCpu(Pod pod) => PodRequests.OfPod(pod.Spec, "cpu").MilliValue;

    private static long Amount(Pod pod, string resource) => PodRequests.OfPod(pod.Spec, resource).Value;

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
