using System.Collections.Immutable;
using Noded.Kubelet.Images;
using Noded.Kubelet.Lifecycle;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Resources;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Status;
using Noded.Kubelet.Volumes;
using Prometheus;
using V1ContainerStatus = k8s.Models.V1ContainerStatus;

namespace Noded.Kubelet;

/// <summary>The kubelet's metrics under upstream's names.</summary>
public sealed class KubeletMetrics
{
    /// <summary>The label's value for pods that no API server knows: all that there are.</summary>
    internal const string Static = "true";

    public KubeletMetrics(CollectorRegistry registry)
    {
        MetricFactory factory = Prometheus.Metrics.WithCustomRegistry(registry);
        Runtime = new RuntimeMetrics(factory);
        Pleg = new PlegMetrics(factory);
        Probes = new ProbeMetrics(Prometheus.Metrics.WithCustomRegistry(ProbeRegistry));
        Volumes = new VolumeMetrics(factory);
        Pods = new PodMetrics(factory);
        Images = new ImageMetrics(factory);
        Lifecycle = new LifecycleMetrics(factory);
        Cgroups = new CgroupMetrics(factory);
        NodeName = factory.CreateGauge("kubelet_node_name", "The node's name. The count is always 1.", ["node"]);
        PodCounts counts = new(factory);
        LogMetrics logs = new(factory);
        registry.AddBeforeCollectCallback(() =>
        {
            if (Snapshot?.Invoke() is { } now)
            {
                counts.Set(now);
                logs.Set(now.Logs);
                Volumes.Set(now.Volumes);
            }
        });
    }

    internal Gauge NodeName { get; }

    public RuntimeMetrics Runtime { get; }

    public PlegMetrics Pleg { get; }

    public ProbeMetrics Probes { get; }

    /// <summary>Those of <see cref="Probes"/>, which upstream has at a path of their own: they are as many as containers.</summary>
    public CollectorRegistry ProbeRegistry { get; } = Prometheus.Metrics.NewCustomRegistry();

    public VolumeMetrics Volumes { get; }

    public PodMetrics Pods { get; }

    public ImageMetrics Images { get; }

    public LifecycleMetrics Lifecycle { get; }

    public CgroupMetrics Cgroups { get; }

    /// <summary>Read at every scrape, so that nothing has to be kept up to date between them.</summary>
    internal Func<KubeletSnapshot>? Snapshot { get; set; }

    /// <summary>How many pods there are, by who wishes them and where they stand.</summary>
    private sealed class PodCounts(MetricFactory factory)
    {
        // Those that can be, so that a count that falls to none says so.
        private static readonly (string Lifecycle, string Config)[] States =
        [
            ("sync", "desired"), ("terminating", "desired"), ("terminated", "desired"), ("terminating", "orphan"),
            ("terminated", "orphan"), ("terminating", "runtime_only"), ("terminated", "runtime_only"),
        ];

        private readonly Gauge _running = factory.CreateGauge(
            "kubelet_running_pods", "Number of pods that have a running pod sandbox");

        private readonly Gauge _containers = factory.CreateGauge(
            "kubelet_running_containers", "Number of containers currently running", ["container_state"]);

        private readonly Gauge _desired = factory.CreateGauge(
            "kubelet_desired_pods", "The number of pods the kubelet is being instructed to run.", ["static"]);

        private readonly Gauge _active = factory.CreateGauge(
            "kubelet_active_pods",
            "The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.",
            ["static"]);

        private readonly Gauge _working = factory.CreateGauge(
            "kubelet_working_pods",
            "Number of pods the kubelet is actually running, broken down by lifecycle phase, whether the pod is desired, orphaned, or runtime only (also orphaned), and whether the pod is static. An orphaned pod has been removed from local configuration or force deleted in the API and consumes resources that are not otherwise visible.",
            ["lifecycle", "config", "static"]);

        internal void Set(KubeletSnapshot now)
        {
            V1ContainerStatus[] containers = [.. now.Reports.SelectMany(report => report.ContainerStatuses)];
            _running.Set(now.Reports.Count(report => report.Status.Conditions.Any(
                condition => condition is { Type: "PodReadyToStartContainers", Status: "True" })));
            _containers.WithLabels("running").Set(containers.Count(container => container.State?.Running is not null));
            _containers.WithLabels("exited").Set(containers.Count(container => container.State?.Terminated is not null)
                + containers.Count(container => container.LastState?.Terminated is not null));
            _desired.WithLabels(Static).Set(now.DesiredPods);
            _active.WithLabels(Static).Set(now.ActivePods);
            foreach ((string lifecycle, string config) in States)
            {
                _working.WithLabels(lifecycle, config, config == "runtime_only" ? "unknown" : Static)
                    .Set(now.WorkingPods.Count(pod => pod == (lifecycle, config)));
            }
        }
    }
}

/// <summary>What there is at a scrape.</summary>
/// <param name="WorkingPods">One for each pod; see <see cref="PodWorkers.Working"/>.</param>
internal sealed record KubeletSnapshot(
    ImmutableArray<PodReport> Reports,
    int DesiredPods,
    int ActivePods,
    ImmutableArray<(string Lifecycle, string Config)> WorkingPods,
    ImmutableArray<ContainerLogUsage> Logs,
    ImmutableArray<VolumeCount> Volumes);
