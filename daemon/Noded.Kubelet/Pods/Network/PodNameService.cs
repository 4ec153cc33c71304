using System.Collections.Immutable;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods.Network;

/// <summary>
/// Reads the machine's name service configuration for pods and keeps their <c>/etc/hosts</c>. The machine's files are
/// read anew for each pod: they may change while the daemon runs.
/// </summary>
/// <param name="resolvConf">The file to go by instead of the machine's own; empty for none.</param>
/// <param name="etc">The machine's /etc.</param>
/// <param name="run">The machine's /run.</param>
internal sealed class PodNameService(
    PodLayout layout, NodeFacts node, string? resolvConf = null, string etc = "/etc", string run = "/run")
{
    /// <summary>systemd-resolved listens there, on the machine's loopback, which pods do not share.</summary>
    private const string ResolvedStub = "127.0.0.53";

    /// <summary>What pods in the host's network have for addresses.</summary>
    internal ImmutableArray<string> HostIps => node.HostIps;

    internal PodHostname HostnameOf(Pod pod) => PodHostname.Compute(pod, node.ClusterDomain);

    internal PodDns DnsOf(Pod pod) => PodDns.Compute(pod, node, HostConfig());

    /// <summary>Writes the pod's hosts file, which its containers mount, and returns its path.</summary>
    internal string WriteHosts(Pod pod, ImmutableArray<string> podIps)
    {
        string path = Path.Combine(layout.CreatePodDirectory(pod.Uid), "etc-hosts");
        string text = HostsFile.Compute(
            pod, HostnameOf(pod), podIps, pod.HostNetwork ? TryRead(Path.Combine(etc, "hosts")) : string.Empty);
        if (TryRead(path) != text)
        {
            // In place: the containers that run already have this very file.
            File.WriteAllText(path, text);
        }

        return path;
    }

    private ResolvConf HostConfig()
    {
        if (resolvConf is not null)
        {
            return resolvConf.Length == 0 ? ResolvConf.Empty : ResolvConfParser.Parse(TryRead(resolvConf));
        }

        ResolvConf config = ResolvConfParser.Parse(TryRead(Path.Combine(etc, "resolv.conf")));
        return config.Servers is [ResolvedStub]
            && TryRead(Path.Combine(run, "systemd/resolve/resolv.conf")) is { Length: > 0 } real
                ? ResolvConfParser.Parse(real)
                : config;
    }

    private static string TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return string.Empty;
        }
    }
}
