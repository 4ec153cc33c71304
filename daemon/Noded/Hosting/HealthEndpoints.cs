using Noded.Composition;
using Prometheus;

namespace Noded.Hosting;

/// <summary>Health and metrics over HTTP, at the paths where upstream's agents have them.</summary>
internal static class HealthEndpoints
{
    internal static void Map(WebApplication app, NodeComposition node)
    {
        // Live: the process answers. Healthy: every part runs. Ready: pods can be started.
        app.MapGet("/livez", context => AnswerAsync(context, []));
        app.MapGet("/healthz", context => AnswerAsync(context, Failures(node)));
        app.MapGet("/readyz", context => AnswerAsync(
            context,
            node.Kubelet.IsRuntimeHealthy ? Failures(node) : [.. Failures(node), "runtime: not ready"]));
        app.MapGet("/metrics", context => ExportAsync(context, node.Metrics));
        app.MapGet("/metrics/probes", context => ExportAsync(context, node.Kubelet.ProbeRegistry));
        app.MapGet("/metrics/resource", context => ExportAsync(context, node.Kubelet.CollectResourceMetrics()));
    }

    private static Task ExportAsync(HttpContext context, CollectorRegistry registry)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        return registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
    }

    private static IReadOnlyList<string> Failures(NodeComposition node) =>
    [
        .. node.Components
            .Where(component => component.Failure is not null)
            .Select(component => $"{component.Name}: {component.Failure}"),
    ];

    private static Task AnswerAsync(HttpContext context, IReadOnlyList<string> failures)
    {
        context.Response.StatusCode = failures.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(failures.Count == 0 ? "ok" : string.Join('\n', failures), context.RequestAborted);
    }
}
