using System.Text.Json.Serialization;

namespace Noded.Kubelet.Configuration;

/// <summary>
/// The fields of <c>kubelet.config.k8s.io/v1beta1 KubeletConfiguration</c> that noded acts on, as they stand in files:
/// null where nothing is said. Durations are metav1.Duration, amounts are quantities.
/// </summary>
internal sealed class KubeletConfiguration
{
    internal const string Version = "kubelet.config.k8s.io/v1beta1";

    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public string? StaticPodPath { get; set; }

    public string? FileCheckFrequency { get; set; }

    public string? HealthzBindAddress { get; set; }

    public int? HealthzPort { get; set; }

    [JsonPropertyName("clusterDNS")]
    public List<string>? ClusterDns { get; set; }

    public string? ClusterDomain { get; set; }

    public string? ResolvConf { get; set; }

    public string? RuntimeRequestTimeout { get; set; }

    public string? ContainerLogMaxSize { get; set; }

    public int? ContainerLogMaxFiles { get; set; }

    public CrashLoopBackOffConfig? CrashLoopBackOff { get; set; }

    public string? CgroupDriver { get; set; }

    public long? PodPidsLimit { get; set; }

    [JsonPropertyName("cpuCFSQuota")]
    public bool? CpuCfsQuota { get; set; }

    [JsonPropertyName("cpuCFSQuotaPeriod")]
    public string? CpuCfsQuotaPeriod { get; set; }

    [JsonPropertyName("singleProcessOOMKill")]
    public bool? SingleProcessOomKill { get; set; }

    public int? MaxPods { get; set; }

    public int? PodsPerCore { get; set; }

    public Dictionary<string, string>? KubeReserved { get; set; }

    public Dictionary<string, string>? SystemReserved { get; set; }

    public List<string>? EnforceNodeAllocatable { get; set; }

    public Dictionary<string, string>? EvictionHard { get; set; }

    public Dictionary<string, string>? EvictionSoft { get; set; }

    public Dictionary<string, string>? EvictionSoftGracePeriod { get; set; }

    public Dictionary<string, string>? EvictionMinimumReclaim { get; set; }

    public int? EvictionMaxPodGracePeriod { get; set; }

    public string? EvictionPressureTransitionPeriod { get; set; }

    public bool? MergeDefaultEvictionSettings { get; set; }

    [JsonPropertyName("imageGCHighThresholdPercent")]
    public int? ImageGcHighThresholdPercent { get; set; }

    [JsonPropertyName("imageGCLowThresholdPercent")]
    public int? ImageGcLowThresholdPercent { get; set; }

    [JsonPropertyName("imageMinimumGCAge")]
    public string? ImageMinimumGcAge { get; set; }

    [JsonPropertyName("imageMaximumGCAge")]
    public string? ImageMaximumGcAge { get; set; }

    public bool? SerializeImagePulls { get; set; }

    public int? MaxParallelImagePulls { get; set; }

    [JsonPropertyName("registryPullQPS")]
    public int? RegistryPullQps { get; set; }

    public int? RegistryBurst { get; set; }

    public List<string>? AllowedUnsafeSysctls { get; set; }

    public bool? SeccompDefault { get; set; }

    public UserNamespacesConfig? UserNamespaces { get; set; }
}

/// <summary>How long containers that keep failing wait at most.</summary>
internal sealed class CrashLoopBackOffConfig
{
    public string? MaxContainerRestartPeriod { get; set; }
}

/// <summary>What pods with users of their own get.</summary>
internal sealed class UserNamespacesConfig
{
    public long? IdsPerPod { get; set; }
}

/// <summary>What configuration files are read with.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(KubeletConfiguration))]
internal sealed partial class KubeletConfigurationContext : JsonSerializerContext;
