using System.Collections.Immutable;
using k8s.Models;
using Noded.Api;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Lifecycle;

/// <summary>Runs a container's postStart and preStop hooks. How long one may take is its caller's business.</summary>
internal sealed class HookRunner(
    IRuntimeService runtime, PodAddress address, EventRecorder events, LifecycleMetrics metrics, TimeProvider clock)
{
    private const string UserAgent = "kube-lifecycle/" + KubernetesVersion.Major + "." + KubernetesVersion.Minor;

    /// <exception cref="HookException">It failed; what it says may be the container's secret, and goes into no event.</exception>
    internal async Task RunAsync(
        Pod pod, V1Container container, ContainerId id, V1LifecycleHandler hook, CancellationToken cancellationToken)
    {
        string of = $"for Container \"{container.Name}\" in Pod \"{pod.Name.Name}_{pod.Name.Namespace}({pod.Uid})\" failed - error:";
        switch (hook)
        {
            case { Exec: { } exec }:
                await RunExecAsync(
                    id, HandlerCommand.Of(exec, container), $"Exec lifecycle hook ([{string.Join(' ', exec.Command)}]) {of}", cancellationToken);
                break;
            case { HttpGet: { } get }:
                try
                {
                    await RunHttpAsync(pod, container, get, cancellationToken);
                }
                catch (Exception e) when (e is IOException or FormatException)
                {
                    throw new HookException($"HTTP lifecycle hook ({get.Path}) {of} {e.Message}");
                }

                break;
            case { Sleep: { } sleep }:
                await SleepAsync(TimeSpan.FromSeconds(sleep.Seconds), cancellationToken);
                break;
            default:
                throw new HookException("Cannot run handler: invalid handler");
        }
    }

    private async Task SleepAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(time, clock, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            metrics.SleepsTerminated.Inc();
            throw;
        }
    }

    private async Task RunExecAsync(
        ContainerId id, ImmutableArray<string> command, string failed, CancellationToken cancellationToken)
    {
        ExecResult result;
        try
        {
            result = await runtime.ExecSyncAsync(id, command, TimeSpan.Zero, cancellationToken);
        }
        catch (RuntimeCallException e)
        {
            throw new HookException($"{failed} {e.Message}");
        }

        if (result.ExitCode != 0)
        {
            throw new HookException(
                $"{failed} command '{string.Join(' ', command)}' exited with {result.ExitCode}: {ExecProber.Output(result)}");
        }
    }

    /// <summary>Any answer will do, as upstream: the status is not looked at.</summary>
    private async Task RunHttpAsync(
        Pod pod, V1Container container, V1HTTPGetAction get, CancellationToken cancellationToken)
    {
        string host = string.IsNullOrEmpty(get.Host)
            ? address.Of(pod, await runtime.GetPodStatusAsync(pod.Uid, cancellationToken))
            : get.Host;
        HttpGetRequest request = HttpGetRequest.Of(get, container, host, UserAgent);
        try
        {
            await HttpRedirects.FollowAsync(request, cancellationToken);
        }
        catch (NoTlsException e) when (request.IsTls)
        {
            // Hooks were sent in plain HTTP once, whatever they said; what relies on it goes on.
            events.Warn(
                pod.Subject,
                "LifecycleHTTPFallback",
                $"request to HTTPS lifecycle hook got HTTP response, retrying with HTTP: {e.Message}");
            await HttpRedirects.FollowAsync(WithoutTls(request), cancellationToken);
            metrics.HttpFallbacks.Inc();
        }
    }

    /// <summary>What was meant to travel encrypted does not travel in the clear.</summary>
    private static HttpGetRequest WithoutTls(HttpGetRequest request) => request with
    {
        IsTls = false,
        Headers = [.. request.Headers.Where(header => !header.Key.Equals("Authorization", StringComparison.OrdinalIgnoreCase))],
    };
}
