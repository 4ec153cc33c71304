using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using Noded.Api.Services;
using Noded.Kubelet.Status;
using Noded.ServiceProxy.Reflectors;

namespace Noded.Composition;

/// <summary>The node's own pods as Services see them: a pod that turns unready or ends is news at once.</summary>
internal sealed class KubeletPods(KubeletReports kubelet) : IServicePods
{
    public async IAsyncEnumerable<ImmutableArray<ServicePod>> WatchAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ImmutableArray<ServicePod> told = default;
        await foreach ((_, ImmutableArray<PodReport> reports) in kubelet.WatchAsync(cancellationToken))
        {
            ImmutableArray<ServicePod> now =
                [.. reports.Select(ToServicePod).OrderBy(pod => pod.Name.ToString(), StringComparer.Ordinal)];
            if (told.IsDefault || !now.SequenceEqual(told, ServicePodComparer.Instance))
            {
                told = now;
                yield return now;
            }
        }
    }

    private static ServicePod ToServicePod(PodReport report) => new(
        report.Pod.Name,
        (report.Pod.Manifest.Metadata.Labels ?? ImmutableDictionary<string, string>.Empty).ToImmutableDictionary(),
        [.. (report.Status.PodIPs ?? []).Select(ip => IPAddress.Parse(ip.Ip))],
        report.Pod.Spec.Containers.SelectMany(container => container.Ports ?? [])
            .Where(port => port.Name is { Length: > 0 })
            .DistinctBy(port => port.Name)
            .ToImmutableDictionary(port => port.Name, port => port.ContainerPort))
    {
        Hostname = report.Pod.Spec.Hostname,
        Subdomain = report.Pod.Spec.Subdomain,
        Weight = EndpointWeight.Of(report.Pod.Manifest.Metadata.Annotations),
        IsReady = (report.Status.Conditions ?? []).Any(condition => condition is { Type: "Ready", Status: "True" }),
        IsTerminating = report.IsTerminating,
    };

    /// <summary>A record compares collections by reference; most changes of a status are none here.</summary>
    private sealed class ServicePodComparer : IEqualityComparer<ServicePod>
    {
        public static readonly ServicePodComparer Instance = new();

        public bool Equals(ServicePod? x, ServicePod? y) =>
            x is not null && y is not null
            && x.Name == y.Name
            && (x.Hostname, x.Subdomain, x.Weight) == (y.Hostname, y.Subdomain, y.Weight)
            && x.IsReady == y.IsReady
            && x.IsTerminating == y.IsTerminating
            && x.Addresses.SequenceEqual(y.Addresses)
            && Same(x.Labels, y.Labels)
            && Same(x.Ports, y.Ports);

        public int GetHashCode(ServicePod obj) => obj.Name.GetHashCode();

        private static bool Same<T>(ImmutableDictionary<string, T> one, ImmutableDictionary<string, T> other) =>
            one.Count == other.Count
            && one.All(pair => other.TryGetValue(pair.Key, out T? value) && Equals(pair.Value, value));
    }
}
