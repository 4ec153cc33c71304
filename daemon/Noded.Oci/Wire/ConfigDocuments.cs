using System.Text.Json;
using System.Text.Json.Serialization;

namespace Noded.Oci.Wire;

/// <summary>OCI image-spec, config.md.</summary>
internal sealed record ConfigDocument
{
    public string? Created { get; init; }

    public string? Architecture { get; init; }

    public string? Os { get; init; }

    public ContainerDocument? Config { get; init; }

    public RootFsDocument? Rootfs { get; init; }

    public List<HistoryDocument>? History { get; init; }
}

/// <summary>OCI image-spec, config.md, <c>config</c>: the one part of the format whose names start with capitals.</summary>
internal sealed record ContainerDocument
{
    [JsonPropertyName("User")]
    public string? User { get; init; }

    [JsonPropertyName("ExposedPorts")]
    public SortedDictionary<string, JsonElement>? ExposedPorts { get; init; }

    [JsonPropertyName("Env")]
    public List<string>? Env { get; init; }

    [JsonPropertyName("Entrypoint")]
    public List<string>? Entrypoint { get; init; }

    [JsonPropertyName("Cmd")]
    public List<string>? Cmd { get; init; }

    [JsonPropertyName("WorkingDir")]
    public string? WorkingDir { get; init; }

    [JsonPropertyName("Labels")]
    public SortedDictionary<string, string>? Labels { get; init; }

    [JsonPropertyName("StopSignal")]
    public string? StopSignal { get; init; }
}

internal sealed record RootFsDocument
{
    public string? Type { get; init; }

    [JsonPropertyName("diff_ids")]
    public List<string>? DiffIds { get; init; }
}

internal sealed record HistoryDocument
{
    public string? Created { get; init; }

    [JsonPropertyName("created_by")]
    public string? CreatedBy { get; init; }
}
