using Noded.Kubelet.Runtime.Containerd;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Runtime.Containerd;

public sealed class ContainerdConfigTests
{
    private static readonly NodePaths Paths = new("/n");

    [Theory]
    [InlineData("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3", 1, 6, 20)]
    [InlineData("containerd github.com/containerd/containerd v1.7.24 abcdef0", 1, 7, 24)]
    [InlineData("containerd github.com/containerd/containerd/v2 2.1.9+unknown ", 2, 1, 9)]
    public void Parse_OutputOfTheBinary_FindsTheVersion(string output, int major, int minor, int patch) =>
        Assert.Equal(new ContainerdVersion(major, minor, patch), ContainerdVersion.Parse(output));

    [Fact]
    public void Parse_NoVersion_SaysWhatWasThere() => Assert.Equal(
        "there is no version in \"what?\".",
        Assert.Throws<FormatException>(() => ContainerdVersion.Parse("what?\n")).Message);

    [Theory]
    [InlineData(1, 5, false)]
    [InlineData(1, 6, true)]
    [InlineData(2, 0, true)]
    public void IsSupported_Version_IsFromTheOldestOn(int major, int minor, bool expected) =>
        Assert.Equal(expected, new ContainerdVersion(major, minor, 9).IsSupported);

    [Theory]
    [InlineData(1, 6)]
    [InlineData(1, 7)]
    public void ToToml_VersionOne_HasFormatTwo(int major, int minor)
    {
        string[] lines = Lines(new ContainerdVersion(major, minor, 0), restrictOomScoreAdj: true);

        Assert.Contains("version = 2", lines);
        Assert.Contains("root = \"/n/var/lib/noded/containerd\"", lines);
        Assert.Contains("address = \"/n/run/noded/containerd.sock\"", lines);
        Assert.Contains("[plugins.\"io.containerd.grpc.v1.cri\"]", lines);
        Assert.Contains("sandbox_image = \"noded.internal/pause:1\"", lines);
        Assert.Contains("restrict_oom_score_adj = true", lines);
        Assert.Contains("bin_dir = \"/n/opt/cni/bin\"", lines);
        Assert.Contains("BinaryName = \"/usr/sbin/\\\"runc\\\"\"", lines);
    }

    [Fact]
    public void ToToml_VersionTwo_HasFormatThree()
    {
        string[] lines = Lines(new ContainerdVersion(2, 1, 9), restrictOomScoreAdj: false);

        Assert.Contains("version = 3", lines);
        Assert.Contains("[plugins.\"io.containerd.cri.v1.images\".pinned_images]", lines);
        Assert.Contains("sandbox = \"noded.internal/pause:1\"", lines);
        Assert.Contains("[plugins.\"io.containerd.cri.v1.runtime\"]", lines);
        Assert.Contains("restrict_oom_score_adj = false", lines);
        Assert.Contains("bin_dirs = [\"/n/opt/cni/bin\"]", lines);
        Assert.DoesNotContain(lines, line => line.Contains("sandbox_image", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, false, "SystemdCgroup = false")]
    [InlineData(1, true, "SystemdCgroup = true")]
    [InlineData(2, true, "SystemdCgroup = true")]
    public void ToToml_CgroupDriver_IsRuncs(int major, bool systemdCgroup, string expected) => Assert.Contains(
        expected, Lines(new ContainerdVersion(major, 7, 0), restrictOomScoreAdj: false, systemdCgroup));

    [Theory]
    [InlineData(1, "[plugins.\"io.containerd.grpc.v1.cri\".registry]")]
    [InlineData(2, "[plugins.\"io.containerd.cri.v1.images\".registry]")]
    public void ToToml_Registries_AreReachedAsTheirHostsFilesSay(int major, string table)
    {
        string[] lines = Lines(new ContainerdVersion(major, 7, 0), restrictOomScoreAdj: false);

        Assert.Equal("config_path = \"/n/etc/containerd/certs.d\"", lines[Array.IndexOf(lines, table) + 1]);
    }

    [Fact]
    public void DropIns_OfADirectory_AreAtTheEndInTheOrderOfTheirNames()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("nd-");
        try
        {
            File.WriteAllText(Path.Combine(directory.FullName, "20.toml"), "[b]");
            File.WriteAllText(Path.Combine(directory.FullName, "10.toml"), "[a]\nx = 1");
            File.WriteAllText(Path.Combine(directory.FullName, ".hidden.toml"), "[c]");
            File.WriteAllText(Path.Combine(directory.FullName, "readme"), "[d]");

            string toml = new ContainerdConfig(Paths, new ContainerdVersion(1, 6, 20), "runc", "pause", false, false)
            {
                DropIns = ContainerdDropIns.Read(directory.FullName),
            }.ToToml();

            Assert.EndsWith(
                $"\n\n# {directory}/10.toml\n[a]\nx = 1\n\n# {directory}/20.toml\n[b]\n", toml, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void DropIns_NoDirectory_AreNone() => Assert.Empty(ContainerdDropIns.Read("/n/nowhere"));

    private static string[] Lines(ContainerdVersion version, bool restrictOomScoreAdj, bool systemdCgroup = false) =>
        new ContainerdConfig(
            Paths, version, "/usr/sbin/\"runc\"", "noded.internal/pause:1", systemdCgroup, restrictOomScoreAdj)
            .ToToml().Split('\n');
}
