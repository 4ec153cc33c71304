using System.Security.Cryptography;
using System.Text;

namespace Noded.Primitives;

/// <summary>
/// Where everything of one node lives on the machine. Kubernetes' own paths are kept because drivers and agents
/// rely on them; <paramref name="Root"/> prefixes them all, so that several nodes share one machine.
/// </summary>
/// <param name="Root">An absolute directory, <c>/</c> for the installed service. Short: a socket path has 107 bytes.</param>
public sealed record NodePaths(string Root)
{
    public string Manifests => Under("etc/kubernetes/manifests");

    public string Configuration => Under("etc/noded/config.yaml");

    /// <summary>Files that change the configuration.</summary>
    public string ConfigurationDirectory => Under("etc/noded/config.d");

    /// <summary>Manifests of Services and EndpointSlices of a node without an API server.</summary>
    public string Services => Under("etc/noded/services");

    /// <summary>Manifests of RuntimeClasses of a node without an API server.</summary>
    public string RuntimeClasses => Under("etc/noded/runtimeclasses");

    /// <summary>Files that are added to the configuration of this node's containerd.</summary>
    public string ContainerdDropIns => Under("etc/noded/containerd.d");

    /// <summary>How registries are reached: a directory with a <c>hosts.toml</c> for each, where containerd's users have them.</summary>
    public string Registries => Under("etc/containerd/certs.d");

    /// <summary>Where this node's BPF programs and maps are pinned: one file system for all nodes of the machine.</summary>
    public string BpfPins => "/sys/fs/bpf/" + Instance;

    /// <summary>There if this node mounted the file system of the pins.</summary>
    public string BpfMountMarker => Under("var/lib/noded/bpf-mounted");

    /// <summary>Which addresses of the loopback link this node has put there.</summary>
    public string DnsAddresses => Under("var/lib/noded/dns-addresses");

    public string CniConfig => Under("etc/cni/net.d");

    public string CniBinaries => Under("opt/cni/bin");

    /// <summary>Where the daemon does what the plugins are asked for.</summary>
    public string CniSocket => Under("run/noded/cni.sock");

    /// <summary>Leases of <c>host-local</c>, a directory for each network.</summary>
    public string CniNetworks => Under("var/lib/cni/networks");

    public string State => Under("var/lib/noded");

    public string Kubelet => Under("var/lib/kubelet");

    public string PodLogs => Under("var/log/pods");

    public string LogLinks => Under("var/log/containers");

    public string Logs => Under("var/log/noded");

    public string Run => Under("run/noded");

    public string OperatorSocket => Under("run/noded/noded.sock");

    public string DaemonPid => Under("run/noded/noded.pid");

    public string ContainerdSocket => Under("run/noded/containerd.sock");

    public string ContainerdPid => Under("run/noded/containerd.pid");

    /// <summary>What containers' probes have found, over a restart of the daemon.</summary>
    public string ProbeResults => Under("var/lib/noded/probes");

    /// <summary>What was decided of pods, over a restart of the daemon.</summary>
    public string PodIntents => Under("var/lib/noded/pods");

    public string ContainerdConfig => Under("var/lib/noded/containerd.toml");

    public string ContainerdRoot => Under("var/lib/noded/containerd");

    public string ContainerdState => Under("run/noded/containerd");

    public string ContainerdLog => Under("var/log/noded/containerd.log");

    /// <summary>
    /// The cgroup, in every hierarchy, that holds this node's daemon, runtime and pods. One per root: hooks and
    /// limits of one node must not reach another's processes.
    /// </summary>
    public string CgroupPrefix => Instance;

    /// <summary>There if systemd makes the cgroups of this node's pods.</summary>
    public string SystemdDriverMarker => Under("var/lib/noded/systemd-cgroups");

    /// <summary>What this node's things are called where all nodes of the machine share one space of names.</summary>
    public string Instance => Root == "/" ? "noded" : "noded-" + Digest[..8];

    /// <summary>16 bits that tell the nodes of one machine apart where there is no room for a name.</summary>
    public ushort InstanceNumber => Convert.ToUInt16(Digest[..4], 16);

    /// <summary>An absolute path of this node for <paramref name="path"/>, a path without a leading slash.</summary>
    public string Under(string path) => Path.Combine(Root, path);

    private string Digest => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Root)));
}
