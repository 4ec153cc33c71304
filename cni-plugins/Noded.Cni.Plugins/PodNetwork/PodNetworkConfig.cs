using System.Text.Json;
using System.Text.Json.Serialization;

namespace Noded.Cni.Plugins.PodNetwork;

/// <summary>The pod-network plugin's configuration.</summary>
internal sealed record PodNetworkConfig
{
    /// <summary>The configuration of the plugin that connects pods; name, version and runtime's fields are ours.</summary>
    public JsonElement Delegate { get; init; }

    public PodNetworkRuntimeConfig? RuntimeConfig { get; init; }
}

internal sealed record PodNetworkRuntimeConfig
{
    /// <summary>The capability by which containerd hands a pod's annotations on.</summary>
    [JsonPropertyName("io.kubernetes.cri.pod-annotations")]
    public Dictionary<string, string>? Annotations { get; init; }
}
