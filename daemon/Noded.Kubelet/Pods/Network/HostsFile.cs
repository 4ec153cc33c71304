using System.Collections.Immutable;
using System.Text;
using k8s.Models;

namespace Noded.Kubelet.Pods.Network;

/// <summary>The text of a pod's <c>/etc/hosts</c>, in upstream's form.</summary>
internal static class HostsFile
{
    internal const string ContainerPath = "/etc/hosts";

    /// <param name="hostFile">The machine's own, for pods in its network.</param>
    internal static string Compute(Pod pod, PodHostname hostname, ImmutableArray<string> podIps, string hostFile)
    {
        StringBuilder text = new();
        if (pod.HostNetwork)
        {
            text.Append("# Kubernetes-managed hosts file (host network).\n").Append(hostFile);
        }
        else
        {
            text.Append("# Kubernetes-managed hosts file.\n")
                .Append("127.0.0.1\tlocalhost\n")
                .Append("::1\tlocalhost ip6-localhost ip6-loopback\n")
                .Append("fe00::0\tip6-localnet\n")
                .Append("fe00::0\tip6-mcastprefix\n")
                .Append("fe00::1\tip6-allnodes\n")
                .Append("fe00::2\tip6-allrouters\n");
            foreach (string ip in podIps)
            {
                text.Append(ip).Append('\t');
                if (hostname.FullName is { } fullName && fullName != hostname.Name)
                {
                    text.Append(fullName).Append('\t');
                }

                text.Append(hostname.Name).Append('\n');
            }
        }

        AppendAliases(text, pod.Spec.HostAliases);
        return text.ToString();
    }

    private static void AppendAliases(StringBuilder text, IList<V1HostAlias>? aliases)
    {
        if (aliases is null or { Count: 0 })
        {
            return;
        }

        text.Append("\n# Entries added by HostAliases.\n");
        foreach (V1HostAlias alias in aliases)
        {
            text.Append(alias.Ip).Append('\t').AppendJoin('\t', alias.Hostnames ?? []).Append('\n');
        }
    }
}
