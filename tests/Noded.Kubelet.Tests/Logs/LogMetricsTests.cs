using Noded.Kubelet.Logs;
using Noded.Kubelet.Pods;
using Noded.Primitives;
using Prometheus;

namespace Noded.Kubelet.Tests.Logs;

public sealed class LogMetricsTests
{
    [Fact]
    public async Task Set_ContainerIsGone_ItsSeriesGoesToo()
    {
        CollectorRegistry registry = Metrics.NewCustomRegistry();
        LogMetrics metrics = new(Metrics.WithCustomRegistry(registry));
        NamespacedName name = new("default", "web");
        ContainerLogUsage app = new(new PodUid("u1"), name, "app", 100);

        metrics.Set([app, new ContainerLogUsage(new PodUid("u1"), name, "other", 200)]);
        metrics.Set([app with { Bytes = 300 }]);

        string series = Assert.Single((await registry.ReadTextAsync()).Split('\n'), line => line.StartsWith("kubelet_container_log_", StringComparison.Ordinal));
        Assert.Equal(
            "kubelet_container_log_filesystem_used_bytes{uid=\"u1\",namespace=\"default\",pod=\"web\",container=\"app\"} 300", series);
    }
}
