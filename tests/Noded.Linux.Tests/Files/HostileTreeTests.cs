using Noded.Linux.Files;

namespace Noded.Linux.Tests.Files;

public sealed class HostileTreeTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");

    public HostileTreeTests()
    {
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "secret"));
    }

    private string Root => Path.Combine(_directory.FullName, "root");

    [Fact]
    public void TryOpen_DirectoryAndFile_AreThoseOfTheTree()
    {
        Directory.CreateDirectory(Path.Combine(Root, "a"));
        File.WriteAllText(Path.Combine(Root, "a/file"), "1");
        using HostileTree tree = HostileTree.Open(Root);

        using HostileFile directory = tree.TryOpen("a")!;
        using HostileFile file = tree.TryOpen("a/file")!;

        Assert.Equal((FileType.Directory, FileType.Regular), (directory.Status.Type, file.Status.Type));
        Assert.Equal("1", File.ReadAllText(file.Handle));
    }

    [Fact]
    public void TryOpen_NothingThere_IsNull()
    {
        using HostileTree tree = HostileTree.Open(Root);

        Assert.Null(tree.TryOpen("a/b"));
    }

    [Fact]
    public void TryOpen_LinkInsideTheTree_IsFollowed()
    {
        Directory.CreateDirectory(Path.Combine(Root, "a/b"));
        File.CreateSymbolicLink(Path.Combine(Root, "a/link"), "../a/b");
        using HostileTree tree = HostileTree.Open(Root);

        using HostileFile linked = tree.TryOpen("a/link")!;
        using HostileFile direct = tree.TryOpen("a/b")!;

        Assert.Equal(direct.Status, linked.Status);
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("/etc")]
    [InlineData("..")]
    [InlineData("/proc/self/root/etc")]
    public void TryOpen_LinkOutOfTheTree_IsRefused(string target)
    {
        File.CreateSymbolicLink(Path.Combine(Root, "link"), target);
        using HostileTree tree = HostileTree.Open(Root);

        LinuxException e = Assert.Throws<LinuxException>(() => tree.TryOpen("link"));
        LinuxException below = Assert.Throws<LinuxException>(() => tree.TryOpen("link/passwd"));

        Assert.Equal((Errno.EXDEV, Errno.EXDEV), (e.Errno, below.Errno));
    }

    [Theory]
    [InlineData("../secret/made")]
    [InlineData("link/made")]
    public void MakeDirectories_LeadingOut_MakesNothing(string path)
    {
        File.CreateSymbolicLink(Path.Combine(Root, "link"), "../secret");
        using HostileTree tree = HostileTree.Open(Root);

        Assert.Throws<LinuxException>(() => tree.MakeDirectories(path, 0x1FF));

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_directory.FullName, "secret")));
    }

    [Fact]
    public void MakeDirectories_SomeMissing_HaveExactlyTheMode()
    {
        Directory.CreateDirectory(Path.Combine(Root, "a"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using HostileTree tree = HostileTree.Open(Root);

        tree.MakeDirectories("a/b//c", 0x1FF);

        Assert.Equal(
            (0x1C0u, 0x1FFu, 0x1FFu),
            (ModeOf("a"), ModeOf("a/b"), ModeOf("a/b/c")));
    }

    [Fact]
    public void MakeDirectories_OverAFile_IsRefused()
    {
        File.WriteAllText(Path.Combine(Root, "file"), "1");
        using HostileTree tree = HostileTree.Open(Root);

        LinuxException e = Assert.Throws<LinuxException>(() => tree.MakeDirectories("file/a", 0x1FF));

        Assert.Equal(Errno.ENOTDIR, e.Errno);
    }

    /// <summary>Somebody swaps a directory for a link as fast as they can; no look may end outside.</summary>
    [Fact]
    public async Task TryOpen_DirectorySwappedForALink_NeverLeadsOut()
    {
        string inside = Path.Combine(Root, "a");
        Directory.CreateDirectory(Path.Combine(inside, "x"));
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "secret/x"));
        FileStatus outside = FileStatus.TryRead(Path.Combine(_directory.FullName, "secret/x"))!.Value;
        using HostileTree tree = HostileTree.Open(Root);
        using CancellationTokenSource stop = new();
        Task swapping = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Directory.Move(inside, inside + ".away");
                File.CreateSymbolicLink(inside, "../secret");
                File.Delete(inside);
                Directory.Move(inside + ".away", inside);
            }
        }, TestContext.Current.CancellationToken);

        int seen = 0;
        for (int i = 0; i < 20_000; i++)
        {
            try
            {
                using HostileFile? found = tree.TryOpen("a/x");
                seen += found is null ? 0 : 1;
                Assert.NotEqual(outside.Inode, found?.Status.Inode);
            }
            catch (LinuxException e) when (e.Errno == Errno.EXDEV)
            {
            }
        }

        await stop.CancelAsync();
        await swapping;
        Assert.NotEqual(0, seen);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private uint ModeOf(string path) => FileStatus.TryRead(Path.Combine(Root, path))!.Value.Mode;
}
