using System.Collections.Immutable;
using System.Text;

namespace Noded.Oci.Tests;

/// <summary>Small images to write and read.</summary>
internal static class Images
{
    public const UnixFileMode Rwx = (UnixFileMode)0b111_101_101;

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static LayerEntry.InlineFile AFile(string path, string text, UnixFileMode mode = Rwx) =>
        new(path, Encoding.UTF8.GetBytes(text)) { Mode = mode };

    public static ImageRecipe ARecipe(params LayerEntry[] entries) => new()
    {
        Reference = ImageReference.Parse("registry.example/tool:1"),
        Platform = new Platform("linux", "amd64"),
        Config = new ImageConfig
        {
            User = "65535:65535",
            Entrypoint = ["/tool", "--serve"],
            Command = ["8080"],
            Environment = ["PATH=/bin"],
            WorkingDirectory = "/srv",
            Labels = ImmutableSortedDictionary<string, string>.Empty.Add("b", "2").Add("a", "1"),
            ExposedPorts = ["8080/tcp"],
            StopSignal = "SIGTERM",
        },
        Layers = [[.. entries]],
    };

    public static OciImage Build(TempDirectory directory, ImageRecipe recipe) =>
        ImageBuilder.Build(recipe, new BlobDirectory(directory["build"]), Token);

    public static byte[] ReadAll(OciImage image, Descriptor descriptor)
    {
        using Stream stream = image.Open(descriptor);
        using MemoryStream memory = new();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
