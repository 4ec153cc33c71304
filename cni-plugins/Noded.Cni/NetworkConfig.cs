using System.Text.Json;
using System.Text.Json.Serialization;

namespace Noded.Cni;

/// <summary>What every plugin's configuration has; unknown fields belong to others and are passed over.</summary>
public record NetworkConfig
{
    public string? CniVersion { get; init; }

    /// <summary>The network's, unique on the machine.</summary>
    public string? Name { get; init; }

    /// <summary>The plugin's executable.</summary>
    public string? Type { get; init; }

    [JsonPropertyName("prevResult")]
    public JsonElement? PreviousResult { get; init; }

    /// <summary>GC: what is to stay. Elements, as null means none and absent means that nobody said.</summary>
    [JsonPropertyName("cni.dev/valid-attachments")]
    public JsonElement ValidAttachments { get; init; }

    /// <summary>The same, under the name that the specification gave it first.</summary>
    [JsonPropertyName("cni.dev/attachments")]
    public JsonElement Attachments { get; init; }
}
