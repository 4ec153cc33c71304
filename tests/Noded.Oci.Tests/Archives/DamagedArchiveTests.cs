using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Noded.Oci.Tests.Archives;

public sealed class DamagedArchiveTests : IDisposable
{
    private const string Layout = """{"imageLayoutVersion":"1.0.0"}""";

    private readonly TempDirectory _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Open_BlobWithOneByteChanged_NamesTheBlob()
    {
        (string directory, OciImage image) = ALayout();
        string blob = new BlobDirectory(directory).PathOf(image.Layers[0].Digest);
        byte[] content = File.ReadAllBytes(blob);
        content[^1] ^= 1;
        File.WriteAllBytes(blob, content);

        Assert.Contains(image.Layers[0].Digest.Hex, Refusal(directory), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_BlobOfAnotherLength_SaysBoth()
    {
        (string directory, OciImage image) = ALayout();
        File.AppendAllText(new BlobDirectory(directory).PathOf(image.Layers[0].Digest), "x");

        Assert.Contains($"{image.Layers[0].Size + 1} bytes, not {image.Layers[0].Size}", Refusal(directory), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_BlobMissing_NamesTheBlob()
    {
        (string directory, OciImage image) = ALayout();
        File.Delete(new BlobDirectory(directory).PathOf(image.Config.Digest));

        Assert.EndsWith($"blobs/sha256/{image.Config.Digest.Hex}: is missing", Refusal(directory), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_BlobThatIsASymlink_IsRefused()
    {
        (string directory, OciImage image) = ALayout();
        string blob = new BlobDirectory(directory).PathOf(image.Layers[0].Digest);
        File.Move(blob, _temp["elsewhere"]);
        File.CreateSymbolicLink(blob, _temp["elsewhere"]);

        Assert.EndsWith("is a symbolic link", Refusal(directory), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TarCutAnywhere_IsRefused()
    {
        (_, OciImage image) = ALayout();
        using MemoryStream whole = new();
        OciLayoutWriter.WriteArchive([image], whole, Images.Token);

        // The last 1024 bytes only mark the end, and the padding before them may be cut as well.
        for (int length = 0; length < whole.Length - 2048; length += 512)
        {
            File.WriteAllBytes(_temp["cut.tar"], whole.ToArray()[..length]);
            Refusal(_temp["cut.tar"]);
        }
    }

    [Fact]
    public void Open_GzipCutShort_IsRefused()
    {
        (_, OciImage image) = ALayout();
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            using MemoryStream whole = new();
            OciLayoutWriter.WriteArchive([image], whole, Images.Token);
            gzip.Write(whole.ToArray());
        }

        File.WriteAllBytes(_temp["cut.tar.gz"], packed.ToArray()[..^20]);

        Refusal(_temp["cut.tar.gz"]);
        Assert.Empty(Directory.GetFiles(_temp["scratch"]));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/etc/passwd")]
    [InlineData("blobs/../../evil")]
    public void Open_MemberThatLeadsOut_IsRefusedByName(string name)
    {
        string path = ATar(tar => AddFile(tar, name, "x"));

        Assert.Contains($"evil.tar: {name}: ", Refusal(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    public void Open_LinkThatLeadsOut_IsRefused(TarEntryType type)
    {
        string path = ATar(tar => tar.WriteEntry(new GnuTarEntry(type, "layer.tar") { LinkName = "../../etc/passwd" }));

        Assert.Contains("leads out of the archive", Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_LinksInACircle_IsRefused()
    {
        string path = ATar(tar =>
        {
            tar.WriteEntry(new GnuTarEntry(TarEntryType.SymbolicLink, "oci-layout") { LinkName = "index.json" });
            tar.WriteEntry(new GnuTarEntry(TarEntryType.SymbolicLink, "index.json") { LinkName = "oci-layout" });
        });

        Refusal(path);
    }

    [Fact]
    public void Open_DockerManifestThatNamesAFileOutside_IsRefused()
    {
        File.WriteAllText(_temp["secret"], "{}");
        Directory.CreateDirectory(_temp["docker"]);
        File.WriteAllText(_temp["docker/manifest.json"], """[{"Config":"../secret","Layers":[]}]""");

        Assert.Contains("leads out of the archive", Refusal(_temp["docker"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_DeviceInTheArchive_IsRefused()
    {
        string path = ATar(tar => tar.WriteEntry(new GnuTarEntry(TarEntryType.CharacterDevice, "null")));

        Assert.Contains("CharacterDevice", Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_DocumentBeyondItsBound_IsRefused()
    {
        string path = ATar(tar => AddFile(tar, "oci-layout", new string(' ', (4 * 1024 * 1024) + 1)));

        Assert.Contains("more than the 4194304 of a document", Refusal(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"manifests":[]}""")]
    [InlineData("""{"manifests":[null]}""")]
    [InlineData("""{"manifests":[{"mediaType":"x","digest":"sha256:../../etc/passwd","size":1}]}""")]
    [InlineData("""{"manifests":[{"mediaType":"x","digest":null,"size":-1}]}""")]
    public void Open_IndexThatIsMalformed_NamesIt(string index)
    {
        string path = ATar(tar =>
        {
            AddFile(tar, "oci-layout", Layout);
            AddFile(tar, "index.json", index);
        });

        Assert.Contains("evil.tar: index.json: ", Refusal(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[null]")]
    [InlineData("""[{"Config":"absent","Layers":[]}]""")]
    [InlineData("""[{"Config":"manifest.json","Layers":[null]}]""")]
    public void Open_DockerManifestThatIsMalformed_IsRefused(string manifest) =>
        Refusal(ATar(tar => AddFile(tar, "manifest.json", manifest)));

    [Fact]
    public void Open_RandomBytes_AreRefused()
    {
        Random random = new(1);

        for (int round = 0; round < 50; round++)
        {
            byte[] noise = new byte[random.Next(4096)];
            random.NextBytes(noise);
            File.WriteAllBytes(_temp["noise"], noise);
            Refusal(_temp["noise"]);
        }
    }

    [Fact]
    public void Open_ArchiveForAnotherPlatform_SaysWhichIsMissing()
    {
        (string directory, _) = ALayout();

        ImageFormatException e = Assert.Throws<ImageFormatException>(
            () => ImageArchive.Open(directory, _temp["scratch"], new Platform("linux", "s390x"), Images.Token));

        Assert.EndsWith("has no image for linux/s390x", e.Message, StringComparison.Ordinal);
    }

    private (string Directory, OciImage Image) ALayout()
    {
        OciImage image = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));
        OciLayoutWriter.WriteDirectory([image], _temp["layout"], Images.Token);
        return (_temp["layout"], image);
    }

    private string ATar(Action<TarWriter> fill)
    {
        using FileStream file = File.Create(_temp["evil.tar"]);
        using TarWriter tar = new(file, TarEntryFormat.Gnu);
        fill(tar);
        return file.Name;
    }

    private static void AddFile(TarWriter tar, string name, string content) =>
        tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, name)
        {
            DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
        });

    private string Refusal(string path) => Assert.Throws<ImageFormatException>(
        () => ImageArchive.Open(path, _temp["scratch"], new Platform("linux", "amd64"), Images.Token)).Message;
}
