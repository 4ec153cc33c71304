using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using Noded.Kubelet;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Status;
using Noded.ServiceProxy.Reflectors;

namespace Noded.Composition;

/// <summary>The networks of the node's own pods: the kubelet knows their sandboxes, the runtime their namespaces.</summary>
internal sealed partial class KubeletPodNetworks(KubeletReports kubelet, ILogger<KubeletPodNetworks> logger) : IPodNetworks
{
    // A sandbox keeps its namespace: the runtime is asked once for each.
    private readonly Dictionary<PodSandboxId, string> _namespaces = [];

    public async IAsyncEnumerable<ImmutableArray<PodNetwork>> WatchAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ImmutableHashSet<PodSandboxId>? told = null;
        await foreach ((KubeletComponent current, ImmutableArray<PodReport> reports) in kubelet.WatchAsync(cancellationToken))
        {
            Dictionary<PodSandboxId, ImmutableArray<IPAddress>> pods = Find(reports);
            foreach (PodSandboxId sandbox in pods.Keys.Where(sandbox => !_namespaces.ContainsKey(sandbox)))
            {
                if (await TryFindAsync(current, sandbox, cancellationToken) is { } path)
                {
                    _namespaces.Add(sandbox, path);
                }
            }

            foreach (PodSandboxId gone in _namespaces.Keys.Except(pods.Keys).ToArray())
            {
                _namespaces.Remove(gone);
            }

            if (told is null || !told.SetEquals(_namespaces.Keys))
            {
                told = [.. _namespaces.Keys];
                yield return [.. _namespaces.Select(pair => new PodNetwork(pair.Value, pods[pair.Key]))];
            }
        }
    }

    private static Dictionary<PodSandboxId, ImmutableArray<IPAddress>> Find(ImmutableArray<PodReport> reports) => reports
        .Where(report => report is { Sandbox: not null, Pod.HostNetwork: false } && report.Status.PodIPs is { Count: > 0 })
        .ToDictionary(
            report => report.Sandbox!.Value,
            report => report.Status.PodIPs.Select(ip => IPAddress.Parse(ip.Ip)).ToImmutableArray());

    private async Task<string?> TryFindAsync(
        KubeletComponent current, PodSandboxId sandbox, CancellationToken cancellationToken)
    {
        try
        {
            return await current.FindNetworkNamespaceAsync(sandbox, cancellationToken);
        }
        catch (IOException e)
        {
            // Asked again at the pods' next change; until then its sockets are translated.
            LogUnknown(sandbox, e.Message);
            return null;
        }
    }

    [LoggerMessage(EventId = 2201, Level = LogLevel.Debug, Message = "The network namespace of sandbox {Sandbox} is not known yet: {Error}")]
    private partial void LogUnknown(PodSandboxId sandbox, string error);
}
