using System.Collections.Immutable;
using System.Net;
using Noded.Kubelet.Eviction;
using Noded.Kubelet.Images;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;

namespace Noded.Kubelet.Configuration;

/// <summary>What the kubelet does as its configuration says; the defaults are upstream's unless a member says otherwise.</summary>
public sealed record KubeletSettings
{
    /// <summary>The directory of manifests; null where the configuration does not say.</summary>
    public string? StaticPodPath { get; init; }

    /// <summary>Between two looks at the manifest directory that no event asked for.</summary>
    public TimeSpan FileCheckFrequency { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Where the health is served; null for the loopback addresses.</summary>
    public IPAddress? HealthzBindAddress { get; init; }

    /// <summary>Null where the configuration does not say.</summary>
    public int? HealthzPort { get; init; }

    /// <summary>Null where the configuration does not say.</summary>
    public ImmutableArray<string>? ClusterDns { get; init; }

    /// <summary>Null where the configuration does not say.</summary>
    public string? ClusterDomain { get; init; }

    /// <summary>
    /// What pods get that resolve names as the machine does; empty for nothing, null where the configuration does not say.
    /// </summary>
    public string? ResolvConf { get; init; }

    /// <summary>How long the runtime may take to answer a call, but for pulls, which may take any time.</summary>
    public TimeSpan RuntimeRequestTimeout { get; init; } = TimeSpan.FromMinutes(2);

    public LogRotationOptions LogRotation { get; init; } = LogRotationOptions.Default;

    public CrashLoopOptions CrashLoop { get; init; } = CrashLoopOptions.Default;

    /// <summary>Null where the configuration does not say.</summary>
    public CgroupDriverName? CgroupDriver { get; init; }

    public CgroupOptions Cgroups { get; init; } = CgroupOptions.Default;

    /// <summary>What pods cannot have of what the node has.</summary>
    public NodeResources Reserved { get; init; } = NodeAllocatable.DefaultReserved;

    /// <summary>Whether the kernel holds all pods together to what is allocatable.</summary>
    public bool EnforceNodeAllocatable { get; init; } = true;

    /// <summary>
    /// Whether the kernel, when a container has no memory left, kills one process of it instead of all; cgroup v1 knows
    /// nothing else.
    /// </summary>
    public bool SingleProcessOomKill { get; init; }

    public int MaxPods { get; init; } = 110;

    /// <summary>As many pods for each processor at most; 0 for no such limit.</summary>
    public int PodsPerCore { get; init; }

    /// <summary>How many pods a node with that many processors takes.</summary>
    internal int PodLimit(int processors) => PodsPerCore > 0 ? Math.Min(MaxPods, PodsPerCore * processors) : MaxPods;

    public EvictionOptions Eviction { get; init; } = EvictionOptions.Default;

    public ImageGcOptions ImageGc { get; init; } = ImageGcOptions.Default;

    /// <summary>How many images are pulled at the same time; 0 for no limit.</summary>
    public int MaxParallelImagePulls { get; init; } = 1;

    /// <summary>How many pulls may begin in a second, on average; 0 for no limit.</summary>
    public int RegistryPullQps { get; init; } = 5;

    /// <summary>How many pulls may begin at once.</summary>
    public int RegistryBurst { get; init; } = 10;

    /// <summary>Names of sysctls, or prefixes that end in <c>*</c>, that pods may set beside the safe ones.</summary>
    public ImmutableArray<string> AllowedUnsafeSysctls { get; init; } = [];

    /// <summary>Containers that name no seccomp profile get the runtime's.</summary>
    public bool SeccompDefault { get; init; }

    /// <summary>How many users a pod with users of its own has.</summary>
    public uint UserIdsPerPod { get; init; } = UserNamespaces.LeastLength;
}
