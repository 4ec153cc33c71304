using k8s.Models;

namespace Noded.Kubelet.Pods.Network;

/// <summary>How a pod is called inside.</summary>
/// <param name="Name">What <c>hostname</c> prints; empty in the host's network, for the host's own.</param>
/// <param name="FullName">With the pod's domain; null for a pod without one.</param>
internal sealed record PodHostname(string Name, string? FullName)
{
    /// <summary>The kernel's __NEW_UTS_LEN, and what a label of DNS may have.</summary>
    private const int MaxName = 64;
    private const int MaxLabel = 63;

    /// <summary>Upstream's rules: hostname, subdomain, setHostnameAsFQDN, hostnameOverride.</summary>
    /// <exception cref="PodConfigException">The full name is too long for the kernel.</exception>
    internal static PodHostname Compute(Pod pod, string clusterDomain)
    {
        V1PodSpec spec = pod.Spec;
        if (pod.HostNetwork)
        {
            return new PodHostname(string.Empty, null);
        }

        if (spec.HostnameOverride is { Length: > 0 } forced)
        {
            return new PodHostname(forced, null);
        }

        string name = spec.Hostname is { Length: > 0 } asked ? asked : Shorten(pod.Name.Name);
        string? fullName = spec.Subdomain is { Length: > 0 } subdomain
            ? $"{name}.{subdomain}.{pod.Name.Namespace}.svc.{clusterDomain}"
            : null;
        if (spec.SetHostnameAsFQDN != true || fullName is null)
        {
            return new PodHostname(name, fullName);
        }

        return fullName.Length <= MaxName
            ? new PodHostname(fullName, fullName)
            : throw new PodConfigException(
                $"Failed to construct FQDN from Pod hostname and cluster domain, FQDN {fullName} is too long ({MaxName} characters is the max, {fullName.Length} characters requested)");
    }

    /// <summary>A pod's name may be longer than a label, and may not end in what a label must not end in.</summary>
    private static string Shorten(string name) => name.Length <= MaxLabel ? name : name[..MaxLabel].TrimEnd('-', '.');
}
