using Noded.Kubelet.Images;
using Noded.Kubelet.Lifecycle;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Volumes;
using Prometheus;

namespace Noded.Kubelet;

/// <summary>The kubelet's metrics under upstream's names.</summary>
public sealed class KubeletMetrics
{
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
        Gauge pods = factory.CreateGauge("kubelet_running_pods", "Number of pods that have a running pod sandbox");
        Gauge containers = factory.CreateGauge(
            "kubelet_running_containers", "Number of containers currently running", ["container_state"]);
        Gauge desired = factory.CreateGauge(
            "kubelet_desired_pods", "The number of pods the kubelet is being instructed to run.", ["static"]);
        NodeName = factory.CreateGauge("kubelet_node_name", "The node's name. The count is always 1.", ["node"]);
        registry.AddBeforeCollectCallback(() =>
        {
            if (Snapshot?.Invoke() is { } now)
            {
                pods.Set(now.RunningPods);
                containers.WithLabels("running").Set(now.RunningContainers);
                desired.WithLabels("true").Set(now.DesiredPods);
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

    /// <summary>Read at every scrape, so that nothing has to be kept up to date between them.</summary>
    internal Func<(int RunningPods, int RunningContainers, int DesiredPods)>? Snapshot { get; set; }
}
