using System.Collections.Immutable;
using System.Globalization;
using k8s.Models;
using Noded.Api;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Probes;

/// <summary>Asks a container in the way its probe says.</summary>
internal sealed class ProbeHandlers(IRuntimeService runtime, TimeProvider clock) : IProber
{
    private const string UserAgent = "kube-probe/" + KubernetesVersion.Major + "." + KubernetesVersion.Minor;

    public async Task<ProbeOutcome> ProbeAsync(ProbeTarget target, V1Probe probe, CancellationToken cancellationToken)
    {
        TimeSpan timeout = ProbeRules.Timeout(probe);
        if (probe.Exec is { } exec)
        {
            ImmutableArray<string> command = HandlerCommand.Of(exec, target.Container);
            return await ExecProber.ProbeAsync(runtime, target.Id, command, timeout, cancellationToken);
        }

        using CancellationTokenSource timer = new(timeout, clock);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return probe switch
            {
                { HttpGet: { } get } => await HttpProber.ProbeAsync(
                    HttpGetRequest.Of(get, target.Container, target.Host, UserAgent), both.Token),
                { TcpSocket: { } socket } => await TcpProber.ProbeAsync(
                    FirstNonEmpty(socket.Host, target.Host), HandlerPort.Of(socket.Port, target.Container), both.Token),
                { Grpc: { } grpc } => await GrpcProber.ProbeAsync(
                    target.Host, grpc, timeout, UserAgent, both.Token),
                _ => ProbeOutcome.Error($"missing probe handler for {target.Pod.Name}:{target.Container.Name}"),
            };
        }
        catch (FormatException e)
        {
            return ProbeOutcome.Error(e.Message);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return ProbeOutcome.Failure(TimedOut(probe, target, timeout));
        }
    }

    private static string TimedOut(V1Probe probe, ProbeTarget target, TimeSpan timeout) => probe switch
    {
        { HttpGet: { } get } =>
            $"Get \"{HttpGetRequest.Of(get, target.Container, target.Host, UserAgent).Url}\": context deadline exceeded "
            + "(Client.Timeout exceeded while awaiting headers)",
        { TcpSocket: { } socket } =>
            $"dial tcp {HandlerPort.Join(FirstNonEmpty(socket.Host, target.Host), HandlerPort.Of(socket.Port, target.Container))}: "
            + "i/o timeout",
        _ => string.Create(CultureInfo.InvariantCulture, $"timeout: health rpc did not complete within {timeout.TotalSeconds}s"),
    };

    private static string FirstNonEmpty(string? one, string other) => string.IsNullOrEmpty(one) ? other : one;
}
