using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace Noded.Oci.Tests.Archives;

/// <summary>Archives in the forms that other tools write.</summary>
public sealed class ForeignArchiveTests : IDisposable
{
    private readonly TempDirectory _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("amd64")]
    [InlineData("arm64")]
    public void Open_IndexOfSeveralPlatforms_GivesTheOneAskedFor(string architecture)
    {
        BlobDirectory blobs = new(_temp["layout"]);
        JsonArray manifests = [];

        foreach (string each in new[] { "amd64", "arm64" })
        {
            ImageRecipe recipe = Images.ARecipe(Images.AFile("/tool", each)) with { Platform = new("linux", each) };
            manifests.Add(Describe(ImageBuilder.Build(recipe, blobs, Images.Token).Manifest, each));
        }

        Descriptor inner = blobs.Add(MediaTypes.Index, Json(new JsonObject { ["manifests"] = manifests }));
        JsonObject entry = Describe(inner, architecture: null);
        entry["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = "a.b/c:1" };
        File.WriteAllBytes(_temp["layout/index.json"], Json(new JsonObject { ["manifests"] = new JsonArray(entry) }));
        File.WriteAllText(_temp["layout/oci-layout"], """{"imageLayoutVersion":"1.0.0"}""");

        using ImageArchive archive = ImageArchive.Open(_temp["layout"], _temp["scratch"], new("linux", architecture), Images.Token);

        OciImage image = Assert.Single(archive.Images);
        Assert.Equal(architecture, image.Platform.Architecture);
        Assert.Equal("a.b/c:1", image.Reference?.ToString());
    }

    [Fact]
    public void Open_BareTagAsName_IsNoReference()
    {
        OciImage built = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));
        OciLayoutWriter.WriteDirectory([built], _temp["layout"], Images.Token);
        string index = File.ReadAllText(_temp["layout/index.json"]);
        File.WriteAllText(
            _temp["layout/index.json"],
            index.Replace("io.containerd.image.name", "x", StringComparison.Ordinal));

        using ImageArchive archive = ImageArchive.Open(_temp["layout"], _temp["scratch"], built.Platform, Images.Token);

        Assert.Null(archive.Images[0].Reference);
    }

    [Fact]
    public void Open_DockerLayersLinkedAndCompressed_AreRead()
    {
        OciImage built = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));
        string config = Encoding.UTF8.GetString(Images.ReadAll(built, built.Config));
        string diffId = built.DiffIds[0].ToString();
        config = config.Replace($"\"{diffId}\"", $"\"{diffId}\",\"{diffId}\",\"{diffId}\"", StringComparison.Ordinal);

        using (TarWriter tar = new(File.Create(_temp["docker.tar"]), TarEntryFormat.Pax))
        {
            AddFile(tar, "./one/layer.tar", Unpacked(built));
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "two/layer.tar") { LinkName = "../one/layer.tar" });
            AddFile(tar, "three/layer.tar", Images.ReadAll(built, built.Layers[0]));
            AddFile(tar, "config.json", Encoding.UTF8.GetBytes(config));
            AddFile(tar, "manifest.json", """
                [{"Config":"config.json","RepoTags":["tool:1","tool:2"],
                  "Layers":["one/layer.tar","two/layer.tar","three/layer.tar"]}]
                """u8.ToArray());
        }

        using ImageArchive archive = ImageArchive.Open(_temp["docker.tar"], _temp["scratch"], cancellationToken: Images.Token);

        Assert.Equal(
            ["docker.io/library/tool:1", "docker.io/library/tool:2"],
            archive.Images.Select(image => image.Reference?.ToString()));
        Assert.Equal(
            [MediaTypes.Layer, MediaTypes.Layer, MediaTypes.GzipLayer],
            archive.Images[0].Layers.Select(layer => layer.MediaType));
        Assert.All(
            archive.Images[0].Descriptors,
            blob => Assert.Equal(blob.Digest, Digest.Of(Images.ReadAll(archive.Images[0], blob))));
    }

    [Fact]
    public void Add_BlobThatIsNotItsDescriptor_IsRefusedAndLeavesNothing()
    {
        BlobDirectory blobs = new(_temp["blobs"]);
        Descriptor other = new(MediaTypes.Layer, Digest.Of("other"u8), 4);

        Assert.Throws<InvalidDataException>(() => blobs.Add(other, new MemoryStream("blob"u8.ToArray()), Images.Token));

        Assert.Empty(Directory.GetFiles(_temp["blobs"], "*", SearchOption.AllDirectories));
    }

    private static byte[] Unpacked(OciImage image)
    {
        using GZipStream gzip = new(image.Open(image.Layers[0]), CompressionMode.Decompress);
        using MemoryStream tar = new();
        gzip.CopyTo(tar);
        return tar.ToArray();
    }

    private static void AddFile(TarWriter tar, string name, byte[] content) =>
        tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });

    private static JsonObject Describe(Descriptor descriptor, string? architecture)
    {
        JsonObject described = new()
        {
            ["mediaType"] = descriptor.MediaType,
            ["digest"] = descriptor.Digest.ToString(),
            ["size"] = descriptor.Size,
        };

        if (architecture is not null)
        {
            described["platform"] = new JsonObject { ["os"] = "linux", ["architecture"] = architecture };
        }

        return described;
    }

    private static byte[] Json(JsonObject document) => Encoding.UTF8.GetBytes(document.ToJsonString());
}
