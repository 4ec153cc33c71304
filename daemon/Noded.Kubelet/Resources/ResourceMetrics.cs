using System.Globalization;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Status;
using Noded.Linux.Cgroups;
using Noded.Linux.Processes;
using Prometheus;

namespace Noded.Kubelet.Resources;

/// <summary>
/// What node, pods and containers use, by the names that upstream's <c>/metrics/resource</c> has and metrics-server
/// reads. Made anew at each scrape from what the kernel counts: between scrapes nothing is kept.
/// </summary>
internal static class ResourceMetrics
{
    private static readonly string[] OfPod = ["namespace", "pod"];
    private static readonly string[] OfContainer = ["container", "namespace", "pod"];

    internal static CollectorRegistry Collect(IEnumerable<PodReport> reports, PodLayout layout)
    {
        CollectorRegistry registry = Prometheus.Metrics.NewCustomRegistry();
        MetricFactory factory = Prometheus.Metrics.WithCustomRegistry(registry);
        CollectNode(factory);

        Counter podCpu = factory.CreateCounter(
            "pod_cpu_usage_seconds_total", "Cumulative cpu time consumed by the pod in core-seconds", OfPod);
        Gauge podMemory = factory.CreateGauge(
            "pod_memory_working_set_bytes", "Current working set of the pod in bytes", OfPod);
        Counter cpu = factory.CreateCounter(
            "container_cpu_usage_seconds_total", "Cumulative cpu time consumed by the container in core-seconds", OfContainer);
        Gauge memory = factory.CreateGauge(
            "container_memory_working_set_bytes", "Current working set of the container in bytes", OfContainer);
        Gauge start = factory.CreateGauge(
            "container_start_time_seconds", "Start time of the container since unix epoch in seconds", OfContainer);

        int failures = reports.Count(report => !TryCollect(report));
        factory.CreateGauge("resource_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise")
            .Set(failures == 0 ? 0 : 1);
        return registry;

        bool TryCollect(PodReport report)
        {
            try
            {
                Collect(report);
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The cgroup went while it was read, or the kernel refuses: the others' figures are as good as ever.
                return false;
            }
        }

        void Collect(PodReport report)
        {
            Pod pod = report.Pod;
            Cgroup cgroup = layout.PodCgroup(pod.Uid, pod.Manifest.QosClass());
            Set(cgroup, podCpu.WithLabels(pod.Name.Namespace, pod.Name.Name), podMemory.WithLabels(pod.Name.Namespace, pod.Name.Name));
            foreach (V1ContainerStatus status in report.ContainerStatuses)
            {
                if (status.State?.Running is { StartedAt: { } startedAt } && ContainerId.FromApi(status.ContainerID) is { } id)
                {
                    string[] labels = [status.Name, pod.Name.Namespace, pod.Name.Name];
                    Set(layout.ContainerCgroup(pod.Uid, pod.Manifest.QosClass(), id), cpu.WithLabels(labels), memory.WithLabels(labels));
                    start.WithLabels(labels).Set(new DateTimeOffset(startedAt).ToUnixTimeMilliseconds() / 1000.0);
                }
            }
        }
    }

    private static void CollectNode(MetricFactory factory)
    {
        // proc_stat(5): the first line, in hundredths of a second; guests' time is part of user and nice.
        long[] cpu = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9]
            .Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        const int idle = 3;
        const int waiting = 4;
        factory.CreateCounter("node_cpu_usage_seconds_total", "Cumulative cpu time consumed by the node in core-seconds")
            .IncTo((cpu.Sum() - cpu[idle] - cpu[waiting]) / 100.0);

        factory.CreateGauge("node_memory_working_set_bytes", "Current working set of the node in bytes")
            .Set(MachineMemory.ReadWorkingSetBytes());
    }

    private static void Set(Cgroup cgroup, Counter.Child cpu, Gauge.Child memory)
    {
        cpu.IncTo(cgroup.CpuUsage()?.TotalSeconds ?? 0);
        memory.Set(cgroup.WorkingSet() ?? 0);
    }
}
