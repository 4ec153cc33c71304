namespace Noded.Network.Tests;

public sealed class CniLinksTests : IDisposable
{
    private const string Binary = "/usr/bin/noded";
    private const string Socket = "/run/noded/cni.sock";

    private readonly string _directory =
        Path.Combine(Directory.CreateTempSubdirectory("noded-cni-").FullName, "bin");

    private CniLinks Links => new(_directory, ["bridge", "host-local"], "noded.sock", Socket);

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_directory)!, recursive: true);

    [Fact]
    public void Install_NothingThere_MakesTheLinks()
    {
        Assert.Empty(Links.Install(Binary));

        Assert.Equal([("bridge", Binary), ("host-local", Binary), ("noded.sock", Socket)], Found());
    }

    [Fact]
    public void Install_LinksOfAnotherNoded_LeadToThisOne()
    {
        Links.Install("/opt/noded-1/noded");

        Links.Install(Binary);

        Assert.Equal([("bridge", Binary), ("host-local", Binary), ("noded.sock", Socket)], Found());
    }

    [Fact]
    public void Install_PluginOfSomebodyElse_StaysUnlessForced()
    {
        Directory.CreateDirectory(_directory);
        File.WriteAllText(Path.Combine(_directory, "bridge"), "theirs");

        Assert.Equal(["bridge"], Links.Install(Binary));
        Assert.Equal([("bridge", null), ("host-local", Binary), ("noded.sock", Socket)], Found());
        Assert.Empty(Links.Install(Binary, force: true));
        Assert.Equal([("bridge", Binary), ("host-local", Binary), ("noded.sock", Socket)], Found());
    }

    [Fact]
    public void Remove_AfterInstall_LeavesWhatIsNotOurs()
    {
        Links.Install(Binary);
        File.WriteAllText(Path.Combine(_directory, "calico"), "theirs");

        Links.Remove();
        Assert.Equal([("calico", null)], Found());

        File.Delete(Path.Combine(_directory, "calico"));
        Links.Remove();
        Links.Remove();
        Assert.False(Directory.Exists(_directory));
    }

    private IEnumerable<(string Name, string? Target)> Found() => Directory.EnumerateFiles(_directory)
        .Select(path => (Path.GetFileName(path), new FileInfo(path).LinkTarget))
        .OrderBy(link => link.Item1, StringComparer.Ordinal);
}
