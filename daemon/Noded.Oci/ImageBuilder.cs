using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Noded.Oci.Layers;
using Noded.Oci.Wire;

namespace Noded.Oci;

/// <summary>Builds images from recipes into a directory of blobs.</summary>
public static class ImageBuilder
{
    private static readonly JsonElement EmptyObject = JsonElement.Parse("{}");

    /// <summary>
    /// Builds <paramref name="recipe"/>; its blobs are written to <paramref name="blobs"/>. Equal recipes over equal
    /// files give equal digests.
    /// </summary>
    /// <exception cref="RecipeException">The recipe contradicts itself.</exception>
    /// <exception cref="IOException">A source file cannot be read, or a blob not be written.</exception>
    public static OciImage Build(ImageRecipe recipe, BlobDirectory blobs, CancellationToken cancellationToken)
    {
        ImmutableArray<Descriptor>.Builder layers = ImmutableArray.CreateBuilder<Descriptor>();
        ImmutableArray<Digest>.Builder diffIds = ImmutableArray.CreateBuilder<Digest>();

        foreach (ImmutableArray<LayerEntry> entries in recipe.Layers)
        {
            ImmutableArray<LayerEntry> plan = LayerPlan.Compute(recipe.Reference.ToString(), entries);
            (Descriptor layer, Digest diffId) = LayerWriter.Write(plan, recipe.Created, blobs, cancellationToken);
            layers.Add(layer);
            diffIds.Add(diffId);
        }

        byte[] configJson = WireJson.Write(DescribeConfig(recipe, diffIds), WireJson.Config);
        Descriptor config = blobs.Add(MediaTypes.Config, configJson);
        Descriptor manifest = blobs.Add(MediaTypes.Manifest, ManifestJson.Write(config, layers));

        return new OciImage(
            recipe.Reference,
            recipe.Platform,
            manifest,
            config,
            layers.DrainToImmutable(),
            diffIds.DrainToImmutable(),
            blobs);
    }

    private static ConfigDocument DescribeConfig(ImageRecipe recipe, IEnumerable<Digest> diffIds)
    {
        string created = recipe.Created.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

        return new ConfigDocument
        {
            Created = created,
            Architecture = recipe.Platform.Architecture,
            Os = recipe.Platform.Os,
            Config = DescribeContainer(recipe.Config),
            Rootfs = new RootFsDocument { Type = "layers", DiffIds = [.. diffIds.Select(id => id.ToString())] },
            History = [.. recipe.Layers.Select(_ => new HistoryDocument { Created = created, CreatedBy = "noded" })],
        };
    }

    private static ContainerDocument DescribeContainer(ImageConfig config) => new()
    {
        User = NullIfEmpty(config.User),
        ExposedPorts = config.ExposedPorts.IsEmpty
            ? null
            : new(config.ExposedPorts.ToDictionary(port => port, _ => EmptyObject), StringComparer.Ordinal),
        Env = NullIfEmpty(config.Environment),
        Entrypoint = NullIfEmpty(config.Entrypoint),
        Cmd = NullIfEmpty(config.Command),
        WorkingDir = NullIfEmpty(config.WorkingDirectory),
        Labels = config.Labels.IsEmpty ? null : new(config.Labels, StringComparer.Ordinal),
        StopSignal = NullIfEmpty(config.StopSignal),
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static List<string>? NullIfEmpty(ImmutableArray<string> list) => list.IsEmpty ? null : [.. list];
}
