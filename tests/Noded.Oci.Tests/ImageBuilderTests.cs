using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Noded.Oci.Tests;

public sealed class ImageBuilderTests : IDisposable
{
    private readonly TempDirectory _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Build_EntriesInAnotherOrder_GivesTheSameDigests()
    {
        LayerEntry[] entries = [Images.AFile("/b", "b"), Images.AFile("/a/x", "x"), Images.AFile("/a.b", "ab")];

        OciImage first = Images.Build(_temp, Images.ARecipe(entries));
        OciImage second = Images.Build(_temp, Images.ARecipe([.. entries.Reverse()]));

        Assert.Equal(first.Manifest, second.Manifest);
    }

    [Fact]
    public void Build_HostFileTouchedSince_GivesTheSameDigests()
    {
        string source = _temp["tool"];
        File.WriteAllText(source, "binary");
        ImageRecipe recipe = Images.ARecipe(new LayerEntry.HostFile("/tool", source) { Mode = Images.Rwx });

        OciImage first = Images.Build(_temp, recipe);
        File.SetLastWriteTimeUtc(source, DateTime.UnixEpoch.AddDays(1));
        OciImage second = Images.Build(_temp, recipe);

        Assert.Equal(first.Manifest, second.Manifest);
    }

    [Fact]
    public void Build_SpecialModesLinksAndOwners_AreInTheLayer()
    {
        LayerEntry[] entries =
        [
            Images.AFile("/bin/su", "su", Images.Rwx | UnixFileMode.SetUser) with { Uid = 1000, Gid = 3_000_000 },
            Images.AFile("/bin/wall", "wall", Images.Rwx | UnixFileMode.SetGroup),
            new LayerEntry.Directory("/tmp") { Mode = (UnixFileMode)0b1_111_111_111 },
            new LayerEntry.Symlink("/bin/sh", "/bin/su") { Mode = (UnixFileMode)0b111_111_111 },
        ];

        Dictionary<string, TarEntry> layer = ReadLayer(Images.Build(_temp, Images.ARecipe(entries)));

        Assert.Equal(["bin/", "bin/sh", "bin/su", "bin/wall", "tmp/"], layer.Keys);
        Assert.Equal(Images.Rwx | UnixFileMode.SetUser, layer["bin/su"].Mode);
        Assert.Equal((1000, 3_000_000), (layer["bin/su"].Uid, layer["bin/su"].Gid));
        Assert.Equal(Images.Rwx | UnixFileMode.SetGroup, layer["bin/wall"].Mode);
        Assert.Equal((UnixFileMode)0b1_111_111_111, layer["tmp/"].Mode);
        Assert.Equal((TarEntryType.SymbolicLink, "/bin/su"), (layer["bin/sh"].EntryType, layer["bin/sh"].LinkName));
        Assert.All(layer.Values, entry => Assert.Equal(DateTimeOffset.UnixEpoch, entry.ModificationTime));
    }

    [Fact]
    public void Build_LongPath_IsWhole()
    {
        string path = "/" + string.Join('/', Enumerable.Repeat("a-rather-long-directory-name", 12));

        Dictionary<string, TarEntry> layer = ReadLayer(Images.Build(_temp, Images.ARecipe(Images.AFile(path, "x"))));

        Assert.Contains(path[1..], layer.Keys);
    }

    [Fact]
    public void Build_Config_HasTheNamesOfTheSpecification()
    {
        OciImage image = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));

        string config = Encoding.UTF8.GetString(Images.ReadAll(image, image.Config));

        Assert.Equal(
            $$$"""
            {"created":"1970-01-01T00:00:00Z","architecture":"amd64","os":"linux",
            "config":{"User":"65535:65535","ExposedPorts":{"8080/tcp":{}},"Env":["PATH=/bin"],
            "Entrypoint":["/tool","--serve"],"Cmd":["8080"],"WorkingDir":"/srv","Labels":{"a":"1","b":"2"},
            "StopSignal":"SIGTERM"},"rootfs":{"type":"layers","diff_ids":["{{{image.DiffIds[0]}}}"]},
            "history":[{"created":"1970-01-01T00:00:00Z","created_by":"noded"}]}
            """.ReplaceLineEndings(""),
            config);
    }

    [Fact]
    public void Build_DiffId_IsTheDigestOfTheUnpackedLayer()
    {
        OciImage image = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));

        byte[] blob = Images.ReadAll(image, image.Layers[0]);
        using GZipStream gzip = new(new MemoryStream(blob), CompressionMode.Decompress);
        using MemoryStream tar = new();
        gzip.CopyTo(tar);

        Assert.Equal(image.DiffIds[0], Digest.Of(tar.ToArray()));
        Assert.Equal(image.Layers[0], new Descriptor(MediaTypes.GzipLayer, Digest.Of(blob), blob.Length));
    }

    [Fact]
    public void Build_Manifest_PointsAtConfigAndLayers()
    {
        OciImage image = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));

        JsonElement manifest = JsonElement.Parse(Images.ReadAll(image, image.Manifest));

        Assert.Equal(image.Config.Digest.ToString(), manifest.GetProperty("config").GetProperty("digest").GetString());
        Assert.Equal(image.Layers[0].Size, manifest.GetProperty("layers")[0].GetProperty("size").GetInt64());
    }

    [Theory]
    [InlineData("relative")]
    [InlineData("/")]
    [InlineData("/a/../b")]
    [InlineData("/a//b")]
    [InlineData("/a/")]
    [InlineData("/a/.wh.b")]
    public void Build_PathThatIsNoPlainPath_IsRefusedByName(string path)
    {
        RecipeException e = Assert.Throws<RecipeException>(() => Images.Build(_temp, Images.ARecipe(Images.AFile(path, ""))));

        Assert.Equal(path, e.Field);
    }

    [Fact]
    public void Build_FileBelowASymlink_IsRefused()
    {
        LayerEntry link = new LayerEntry.Symlink("/lib", "/etc") { Mode = Images.Rwx };

        RecipeException e = Assert.Throws<RecipeException>(
            () => Images.Build(_temp, Images.ARecipe(link, Images.AFile("/lib/shadow", ""))));

        Assert.Equal("/lib/shadow", e.Field);
    }

    [Fact]
    public void Build_PathTwice_IsRefused() => Assert.Throws<RecipeException>(
        () => Images.Build(_temp, Images.ARecipe(Images.AFile("/a", "1"), Images.AFile("/a", "2"))));

    private static Dictionary<string, TarEntry> ReadLayer(OciImage image)
    {
        using GZipStream gzip = new(image.Open(image.Layers[0]), CompressionMode.Decompress);
        using TarReader reader = new(gzip);
        Dictionary<string, TarEntry> entries = [];

        while (reader.GetNextEntry(copyData: true) is TarEntry entry)
        {
            entries.Add(entry.Name, entry);
        }

        return entries;
    }
}
