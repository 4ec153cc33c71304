using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods.Network;

/// <summary>How a pod resolves names, and what its user has to know of it.</summary>
/// <param name="Warnings">Reason and message of events.</param>
internal sealed record PodDns(ResolvConf Config, ImmutableArray<(string Reason, string Message)> Warnings)
{
    // What libcs read, and what upstream's API allows.
    private const int MaxServers = 3;
    private const int MaxSearches = 32;
    private const int MaxSearchCharacters = 2048;

    /// <summary>Upstream's rules for <c>dnsPolicy</c> and <c>dnsConfig</c>.</summary>
    /// <param name="host">The machine's own configuration.</param>
    internal static PodDns Compute(Pod pod, NodeFacts node, ResolvConf host)
    {
        ImmutableArray<(string, string)>.Builder warnings = ImmutableArray.CreateBuilder<(string, string)>();
        bool wantsCluster = pod.Spec.DnsPolicy == "ClusterFirstWithHostNet"
            || (pod.Spec.DnsPolicy is null or "ClusterFirst" && !pod.HostNetwork);
        ResolvConf config = host;
        if (pod.Spec.DnsPolicy == "None")
        {
            config = ResolvConf.Empty;
        }
        else if (wantsCluster && node.ClusterDns.IsEmpty)
        {
            warnings.Add((
                "MissingClusterDNS",
                $"pod: \"{pod.Name.Name}_{pod.Name.Namespace}({pod.Uid})\". kubelet does not have ClusterDNS IP configured and cannot create Pod using \"{pod.Spec.DnsPolicy}\" policy. Falling back to \"Default\" policy."));
        }
        else if (wantsCluster)
        {
            config = new ResolvConf(
                node.ClusterDns, [.. ClusterSearches(pod, node.ClusterDomain).Union(host.Searches)], ["ndots:5"]);
        }

        return new PodDns(Limit(Merge(config, pod.Spec.DnsConfig), warnings), warnings.ToImmutable());
    }

    private static IEnumerable<string> ClusterSearches(Pod pod, string domain) =>
        domain.Length == 0 ? [] : [$"{pod.Name.Namespace}.svc.{domain}", $"svc.{domain}", domain];

    private static ResolvConf Merge(ResolvConf config, V1PodDNSConfig? own)
    {
        if (own is null)
        {
            return config;
        }

        List<string> options = [.. config.Options];
        foreach (V1PodDNSConfigOption option in own.Options ?? [])
        {
            options.RemoveAll(other => other.Split(':')[0] == option.Name);
            options.Add(string.IsNullOrEmpty(option.Value) ? option.Name : $"{option.Name}:{option.Value}");
        }

        return new ResolvConf(
            [.. config.Servers.Union(own.Nameservers ?? [])], [.. config.Searches.Union(own.Searches ?? [])], [.. options]);
    }

    private static ResolvConf Limit(ResolvConf config, ImmutableArray<(string, string)>.Builder warnings)
    {
        ImmutableArray<string> servers = [.. config.Servers.Take(MaxServers)];
        ImmutableArray<string> searches = [.. config.Searches.Take(MaxSearches)];
        while (searches.Sum(search => search.Length + 1) - 1 > MaxSearchCharacters)
        {
            searches = searches.RemoveAt(searches.Length - 1);
        }

        if (servers.Length < config.Servers.Length)
        {
            warnings.Add((
                "DNSConfigForming",
                $"Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {string.Join(' ', servers)}"));
        }

        if (searches.Length < config.Searches.Length)
        {
            warnings.Add((
                "DNSConfigForming",
                $"Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {string.Join(' ', searches)}"));
        }

        return new ResolvConf(servers, searches, config.Options);
    }
}
