using System.Diagnostics;
using Noded.Linux.Files;
using Noded.Linux.Mounts;
using Noded.Linux.Tests.Mounts;
using Noded.Testing;

namespace Noded.Linux.Tests.Files;

[Collection(nameof(Unmounting))]
public sealed class TreeRemovalTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");

    private string Tree => Path.Combine(_directory.FullName, "tree");

    private string Outside => Path.Combine(_directory.FullName, "outside");

    [Fact]
    public void Remove_FilesAndDirectories_AreGone()
    {
        Directory.CreateDirectory(Path.Combine(Tree, "a/b/c"));
        File.WriteAllText(Path.Combine(Tree, "a/b/file"), "1");
        Directory.CreateDirectory(Path.Combine(Tree, "empty"));

        TreeRemoval.Remove(Tree);

        Assert.False(Directory.Exists(Tree));
    }

    [Fact]
    public void Remove_NothingThere_IsNoError() => TreeRemoval.Remove(Tree);

    [Fact]
    public void Remove_LinksToDirectoriesAndFiles_LeavesWhatTheyLeadTo()
    {
        Directory.CreateDirectory(Path.Combine(Outside, "kept"));
        File.WriteAllText(Path.Combine(Outside, "kept/file"), "1");
        Directory.CreateDirectory(Tree);
        File.CreateSymbolicLink(Path.Combine(Tree, "directory"), Outside);
        File.CreateSymbolicLink(Path.Combine(Tree, "file"), Path.Combine(Outside, "kept/file"));
        File.CreateSymbolicLink(Path.Combine(Tree, "root"), "/");

        TreeRemoval.Remove(Tree);

        Assert.False(Directory.Exists(Tree));
        Assert.Equal("1", File.ReadAllText(Path.Combine(Outside, "kept/file")));
    }

    [Fact]
    public void Remove_TreeThatIsALink_IsRefused()
    {
        Directory.CreateDirectory(Outside);
        File.CreateSymbolicLink(Tree, Outside);

        LinuxException e = Assert.Throws<LinuxException>(() => TreeRemoval.Remove(Tree));

        Assert.Equal(Errno.ENOTDIR, e.Errno);
        Assert.True(Directory.Exists(Outside));
    }

    [Fact]
    public void Remove_DirectoriesDeeperThanAPathMayBeLong_AreGone()
    {
        Directory.CreateDirectory(Tree);
        RunShell("cd \"$0\" && i=0; while [ $i -lt 1200 ]; do mkdir dddd && cd -P dddd || exit 1; i=$((i+1)); done", Tree);

        TreeRemoval.Remove(Tree);

        Assert.False(Directory.Exists(Tree));
    }

    [Fact]
    public void Remove_NamesThatAreNoText_AreGone()
    {
        Directory.CreateDirectory(Tree);
        RunShell("cd \"$0\" && mkdir \"$(printf '\\377\\376')\" && touch \"$(printf '\\377\\376')/$(printf 'a\\200\\nb')\"", Tree);

        TreeRemoval.Remove(Tree);

        Assert.False(Directory.Exists(Tree));
    }

    [Fact]
    public void Remove_ManyEntries_AreGone()
    {
        Directory.CreateDirectory(Tree);
        for (int i = 0; i < 5000; i++)
        {
            File.WriteAllBytes(Path.Combine(Tree, $"a-file-with-a-name-{i}"), []);
        }

        TreeRemoval.Remove(Tree);

        Assert.False(Directory.Exists(Tree));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Category", "Integration")]
    public void Remove_SomethingIsMountedInside_LeavesItAndSaysWhere(bool isDirectory)
    {
        Requires.Root();
        Directory.CreateDirectory(Outside);
        Directory.CreateDirectory(Path.Combine(Tree, "a"));
        string source = Path.Combine(Outside, "data");
        string mountPoint = Path.Combine(Tree, "a/mounted");
        if (isDirectory)
        {
            Directory.CreateDirectory(source);
            Directory.CreateDirectory(mountPoint);
            File.WriteAllText(Path.Combine(source, "file"), "1");
        }
        else
        {
            File.WriteAllText(source, "1");
            File.WriteAllText(mountPoint, string.Empty);
        }

        // Of the same file system: the device does not tell.
        using (HostileTree tree = HostileTree.Open(Outside))
        using (HostileFile file = tree.TryOpen("data")!)
        {
            Mount.Bind(file, mountPoint);
        }

        try
        {
            LinuxException e = Assert.Throws<LinuxException>(() => TreeRemoval.Remove(Tree));

            Assert.Equal(Errno.EBUSY, e.Errno);
            Assert.Contains(mountPoint, e.Message, StringComparison.Ordinal);
            Assert.Equal("1", File.ReadAllText(isDirectory ? Path.Combine(source, "file") : source));
        }
        finally
        {
            Mount.Unmount(mountPoint);
        }
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static void RunShell(string script, string argument)
    {
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script, argument]))!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }
}
