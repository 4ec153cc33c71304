using System.Collections.Immutable;
using System.Diagnostics;
using System.IO.Compression;

namespace Noded.Oci.Tests.Archives;

public sealed class RoundTripTests : IDisposable
{
    private readonly TempDirectory _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string> Formats => ["directory", "oci", "docker", "oci.gz", "docker.gz"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Open_WhatWasWritten_IsTheSameImage(string format)
    {
        OciImage built = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));

        using ImageArchive archive = Open(Write(format, built));
        OciImage read = Assert.Single(archive.Images);

        Assert.Equal(built.Reference, read.Reference);
        Assert.Equal(built.Platform, read.Platform);
        Assert.Equal(built.Config, read.Config);
        Assert.Equal(built.DiffIds, read.DiffIds);
        Assert.All(read.Descriptors, blob => Assert.Equal(blob.Digest, Digest.Of(Images.ReadAll(read, blob))));
    }

    [Theory]
    [InlineData("directory")]
    [InlineData("oci")]
    public void Open_AnOciLayout_HasTheManifestThatWasBuilt(string format)
    {
        OciImage built = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));

        using ImageArchive archive = Open(Write(format, built));

        Assert.Equal(built.Manifest, archive.Images[0].Manifest);
    }

    [Fact]
    public void Open_RandomTreesOverBothFormats_KeepTheirDiffIds()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            OciImage built = Images.Build(_temp, ARandomRecipe(new Random(seed)));

            using ImageArchive docker = Open(Write("docker", built));
            using ImageArchive oci = Open(Write("oci", docker.Images[0]));

            Assert.Equal(built.DiffIds, oci.Images[0].DiffIds);
            Assert.Equal(built.Config, oci.Images[0].Config);
        }
    }

    [Theory]
    [InlineData("oci")]
    [InlineData("docker")]
    public void Write_Twice_GivesTheSameBytes(string format)
    {
        OciImage built = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));

        byte[] first = File.ReadAllBytes(Write(format, built));
        byte[] second = File.ReadAllBytes(Write(format, built));

        Assert.Equal(first, second);
    }

    [Fact]
    public void Write_SeveralImages_AreAllInOneArchive()
    {
        OciImage one = Images.Build(_temp, Images.ARecipe(Images.AFile("/tool", "x")));
        OciImage two = one with { Reference = ImageReference.Parse("registry.example/tool:2") };

        using (FileStream file = File.Create(_temp["both.tar"]))
        {
            OciLayoutWriter.WriteArchive([one, two], file, Images.Token);
        }

        using ImageArchive archive = Open(_temp["both.tar"]);

        Assert.Equal([one.Reference, two.Reference], archive.Images.Select(image => image.Reference));
    }

    [Fact]
    public void Write_Archive_IsATarThatTarUnpacksWithModesAndOwners()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/tar") || File.Exists("/bin/tar"), "tar is not installed");
        ImageRecipe recipe = Images.ARecipe(
            Images.AFile("/bin/su", "su", Images.Rwx | UnixFileMode.SetUser) with { Uid = 12, Gid = 34 },
            new LayerEntry.Symlink("/bin/sh", "su") { Mode = (UnixFileMode)0b111_111_111 });
        OciImage built = Images.Build(_temp, recipe);
        string layer = $"{built.DiffIds[0].Hex}/layer.tar";

        RunTar("-xf", Write("docker", built), "-C", _temp.Path);
        string listing = RunTar("--numeric-owner", "--full-time", "--utc", "-tvf", _temp[layer]);

        Assert.Equal(
            """
            drwxr-xr-x 0/0               0 1970-01-01 00:00:00 bin/
            lrwxrwxrwx 0/0               0 1970-01-01 00:00:00 bin/sh -> su
            -rwsr-xr-x 12/34             2 1970-01-01 00:00:00 bin/su

            """,
            listing);
    }

    private string RunTar(params string[] arguments)
    {
        using Process tar = Process.Start(new ProcessStartInfo("tar", arguments) { RedirectStandardOutput = true })!;
        string output = tar.StandardOutput.ReadToEnd();
        tar.WaitForExit();
        Assert.Equal(0, tar.ExitCode);
        return output;
    }

    private ImageArchive Open(string path) =>
        ImageArchive.Open(path, _temp["scratch"], new Platform("linux", "amd64"), Images.Token);

    private string Write(string format, OciImage image)
    {
        string path = _temp[$"{format}-{Guid.NewGuid():N}"];

        if (format == "directory")
        {
            OciLayoutWriter.WriteDirectory([image], path, Images.Token);
            return path;
        }

        using (FileStream file = File.Create(path))
        {
            if (format.StartsWith("oci", StringComparison.Ordinal))
            {
                OciLayoutWriter.WriteArchive([image], file, Images.Token);
            }
            else
            {
                DockerArchiveWriter.Write([image], file, Images.Token);
            }
        }

        return format.EndsWith(".gz", StringComparison.Ordinal) ? Compress(path) : path;
    }

    private static string Compress(string path)
    {
        using FileStream file = File.OpenRead(path);
        using GZipStream gzip = new(File.Create(path + ".gz"), CompressionLevel.Fastest);
        file.CopyTo(gzip);
        return path + ".gz";
    }

    private static ImageRecipe ARandomRecipe(Random random) => Images.ARecipe() with
    {
        Layers = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => ARandomLayer(random).ToArray().ToImmutableArray())],
    };

    private static IEnumerable<LayerEntry> ARandomLayer(Random random)
    {
        for (int number = 0; number < random.Next(1, 12); number++)
        {
            UnixFileMode mode = (UnixFileMode)random.Next(0x1000);
            string path = $"/d{random.Next(3)}/{number}-{new string((char)random.Next('a', 'z'), random.Next(1, 120))}";
            byte[] content = new byte[random.Next(3000)];
            random.NextBytes(content);

            yield return random.Next(3) switch
            {
                0 => new LayerEntry.Directory(path) { Mode = mode, Uid = random.Next(), Gid = random.Next(70000) },
                1 => new LayerEntry.Symlink(path, new string('t', random.Next(1, 200))) { Mode = mode },
                _ => new LayerEntry.InlineFile(path, content) { Mode = mode, Uid = random.Next(70000) },
            };
        }
    }
}
