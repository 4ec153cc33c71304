using System.Text.Json;
using System.Text.Json.Serialization;

namespace Noded.Oci.Recipes;

/// <summary>The recipe file; <see cref="ImageRecipeFile"/> describes it.</summary>
internal sealed record RecipeDocument
{
    public string? Reference { get; init; }

    public PlatformPart? Platform { get; init; }

    public DateTimeOffset? Created { get; init; }

    public ConfigPart? Config { get; init; }

    public List<LayerPart>? Layers { get; init; }
}

internal sealed record PlatformPart
{
    public string? Os { get; init; }

    public string? Architecture { get; init; }
}

internal sealed record ConfigPart
{
    public string? User { get; init; }

    public List<string>? Entrypoint { get; init; }

    public List<string>? Cmd { get; init; }

    public List<string>? Env { get; init; }

    public string? WorkingDir { get; init; }

    public Dictionary<string, string>? Labels { get; init; }

    public List<string>? ExposedPorts { get; init; }

    public string? StopSignal { get; init; }
}

internal sealed record LayerPart
{
    public List<EntryPart>? Entries { get; init; }
}

/// <summary>Exactly one of the first four is given.</summary>
internal sealed record EntryPart
{
    public string? File { get; init; }

    public string? Directory { get; init; }

    public string? Symlink { get; init; }

    public string? Tree { get; init; }

    public string? From { get; init; }

    public string? Text { get; init; }

    public string? Target { get; init; }

    public string? Mode { get; init; }

    public int? Uid { get; init; }

    public int? Gid { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    ReadCommentHandling = JsonCommentHandling.Disallow)]
[JsonSerializable(typeof(RecipeDocument))]
internal sealed partial class RecipeJsonContext : JsonSerializerContext;
