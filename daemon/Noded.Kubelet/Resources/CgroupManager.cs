using System.Collections.Immutable;
using Noded.Api.Pods;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Linux.Cgroups;
using Noded.Linux.Files;
using Noded.Primitives;
using Prometheus;
using ITimer = Prometheus.ITimer;

namespace Noded.Kubelet.Resources;

/// <summary>
/// The cgroups above the containers': one for all pods, one for each of the lower QoS classes, one for each pod. What
/// the kernel refuses is told and does without, so that a node without a controller still runs pods.
/// </summary>
internal sealed class CgroupManager(
    PodLayout layout, ICgroupDriver driver, CgroupOptions options, EventRecorder events, FlightRecorder flight, CgroupMetrics metrics)
{
    private readonly Lock _lock = new();

    // Whose cgroup this daemon has made or found, as the pod was then: its class may come later and add to its limits. And
    // what it asks for of the processors if it is Burstable.
    private readonly Dictionary<PodUid, (Pod Pod, long Request)> _pods = [];

    /// <summary>Makes the upper cgroups and holds all pods together to <paramref name="allocatable"/>; null for no limit.</summary>
    internal void EnforceNode(NodeResources capacity, NodeResources? allocatable)
    {
        // Beside the machine's other services, which have 1024 each, this node counts with all its processors.
        ImmutableArray<string> refused =
        [
            .. driver.Node is { } node
                ? driver.Ensure(node, new CgroupLimits { CpuShares = ContainerResources.Shares(capacity.MilliCpu) })
                : [],
            .. driver.Ensure(layout.PodsCgroup, NodeAllocatable.Limits(allocatable ?? capacity, allocatable is not null)),
            .. driver.Ensure(layout.QosCgroup(QosClass.Burstable), new CgroupLimits()),
            .. driver.Ensure(
                layout.QosCgroup(QosClass.BestEffort), new CgroupLimits { CpuShares = ContainerResources.MinShares }),
        ];
        if (refused.IsEmpty)
        {
            events.Normal("node", "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods");
        }
        else
        {
            events.Warn(
                "node",
                "FailedNodeAllocatableEnforcement",
                $"Failed to update Node Allocatable Limits: {string.Join("; ", refused)}");
        }
    }

    /// <summary>Makes the pod's cgroup with its limits, once for each pod as its source tells it; then it is there already.</summary>
    /// <exception cref="IOException">It cannot be made, or a limit that the pod asks for by its annotation cannot be set.</exception>
    internal void Ensure(Pod pod)
    {
        lock (_lock)
        {
            if (_pods.TryGetValue(pod.Uid, out (Pod Pod, long Request) known) && ReferenceEquals(known.Pod, pod))
            {
                return;
            }
        }

        QosClass qosClass = pod.Manifest.QosClass();
        ImmutableArray<IoLimit> io = IoLimits(pod);
        ImmutableArray<string> refused;
        using (metrics.Duration.WithLabels("create").NewTimer())
        {
            refused = driver.Ensure(
                layout.PodCgroup(pod.Uid, qosClass), PodCgroupLimits.Compute(pod, options, HugePageSize.OfMachine, io));
        }

        if (!refused.IsEmpty)
        {
            string message = $"set limits of the pod's cgroup: {string.Join("; ", refused)}";
            events.Warn(pod.Subject, "FailedToCreatePodContainer", message);
            if (!io.IsEmpty)
            {
                throw new IOException($"{pod}: {message}");
            }
        }

        long request = qosClass == QosClass.Burstable ? PodRequests.OfPod(pod.Spec, "cpu").MilliValue : 0;
        Note(() =>
        {
            bool isChanged = !_pods.TryGetValue(pod.Uid, out (Pod Pod, long Request) known) || known.Request != request;
            _pods[pod.Uid] = (pod, request);
            return isChanged;
        });
    }

    /// <exception cref="IOException">Processes are left in it.</exception>
    internal void Remove(PodUid pod, NamespacedName name)
    {
        using (metrics.Duration.WithLabels("destroy").NewTimer())
        {
            foreach (QosClass qosClass in Enum.GetValues<QosClass>())
            {
                Cgroup cgroup = layout.PodCgroup(pod, qosClass);
                if (!driver.TryRemove(cgroup))
                {
                    throw new IOException($"Remove cgroup of pod {name}: processes are left in {cgroup.Path}.");
                }
            }
        }

        Note(() => _pods.Remove(pod));
    }

    /// <summary>Burstable pods have together what they asked for; upstream corrects that once a minute.</summary>
    /// <param name="change">Whether it changed what a pod asks for.</param>
    private void Note(Func<bool> change)
    {
        lock (_lock)
        {
            if (!change())
            {
                return;
            }

            using ITimer timer = metrics.Duration.WithLabels("update").NewTimer();
            foreach (string refused in driver.Apply(
                layout.QosCgroup(QosClass.Burstable),
                new CgroupLimits { CpuShares = ContainerResources.Shares(_pods.Values.Sum(known => known.Request)) }))
            {
                flight.Record(FlightEntryKind.Failed, "node", refused);
            }
        }
    }

    private static ImmutableArray<IoLimit> IoLimits(Pod pod)
    {
        if (pod.Manifest.Annotation(IoMax.Annotation) is not { } text)
        {
            return [];
        }

        ImmutableArray<IoLimit> limits = IoMax.Parse(text, out string? error);
        return error is null
            ? [.. limits.Select(limit => limit with { Device = NumbersOf(limit.Device) })]
            : throw new IOException($"{pod}: annotation {IoMax.Annotation}: {error}");
    }

    private static string NumbersOf(string device) =>
        device.StartsWith('/') ? BlockDevice.Numbers(device) : device;
}
