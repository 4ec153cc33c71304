using Microsoft.AspNetCore.Routing;
using Noded.Api;
using Prometheus;
using ITimer = Prometheus.ITimer;

namespace Noded.Hosting;

/// <summary>Upstream's metrics of the kubelet's HTTP server, and of which Kubernetes this is.</summary>
internal sealed class HttpMetrics
{
    private static readonly string[] Labels = ["method", "path", "server_type", "long_running"];

    private readonly Counter _requests;
    private readonly Gauge _inflight;
    private readonly Histogram _duration;

    internal HttpMetrics(CollectorRegistry registry)
    {
        MetricFactory factory = Prometheus.Metrics.WithCustomRegistry(registry);
        _requests = factory.CreateCounter(
            "kubelet_http_requests_total", "Number of the http requests received since the server started", Labels);
        _inflight = factory.CreateGauge("kubelet_http_inflight_requests", "Number of the inflight http requests", Labels);
        _duration = factory.CreateHistogram(
            "kubelet_http_requests_duration_seconds", "Duration in seconds to serve http requests", Labels);
        factory.CreateGauge(
            "kubernetes_build_info",
            "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
            ["major", "minor", "git_version", "git_commit", "git_tree_state", "build_date", "go_version", "compiler", "platform"])
            .WithLabels(
                KubernetesVersion.Major, KubernetesVersion.Minor, KubernetesVersion.GitVersion, string.Empty,
                KubernetesVersion.GitTreeState, string.Empty, string.Empty, string.Empty, KubernetesVersion.Platform)
            .Set(1);
    }

    /// <summary>Counts a request by the path that it is served at; all paths that there are not count as one.</summary>
    internal async Task MeasureAsync(HttpContext context, RequestDelegate next)
    {
        string path = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.TrimStart('/') ?? "other";
        string method = context.Request.Method is "GET" or "HEAD" or "POST" or "PUT" ? context.Request.Method : "other";
        string[] labels = [method, path, "readonly", "false"];
        _requests.WithLabels(labels).Inc();
        using IDisposable inflight = _inflight.WithLabels(labels).TrackInProgress();
        using ITimer timer = _duration.WithLabels(labels).NewTimer();
        await next(context);
    }
}
