using Noded.Linux.Files;
using Noded.Linux.Mounts;
using Noded.Testing;

namespace Noded.Linux.Tests.Mounts;

[Trait("Category", "Integration")]
[Collection(nameof(Unmounting))]
public sealed class MountTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");

    private string MountPoint => Path.Combine(_directory.FullName, "mounted");

    [Fact]
    public void Tmpfs_Size_IsWhatItHolds()
    {
        Requires.Root();
        Directory.CreateDirectory(MountPoint);

        Mount.Tmpfs(MountPoint, 1024 * 1024, noSwap: false);

        MountInfo mount = Assert.Single(MountInfo.ReadSelf(), mount => mount.MountPoint == MountPoint);
        Assert.Equal("tmpfs", mount.FileSystem);
        Assert.Contains("size=1024k", mount.SuperOptions, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => File.WriteAllBytes(Path.Combine(MountPoint, "big"), new byte[1024 * 1024 + 1]));
    }

    [Fact]
    public void HugePages_OfASizeOfTheMachine_HasBlocksOfThatSize()
    {
        Requires.Root();
        Directory.CreateDirectory(MountPoint);

        Mount.HugePages(MountPoint, 2 << 20);

        MountInfo mount = Assert.Single(MountInfo.ReadSelf(), mount => mount.MountPoint == MountPoint);
        Assert.Equal("hugetlbfs", mount.FileSystem);
        Assert.Contains("pagesize=2M", mount.SuperOptions, StringComparison.Ordinal);
    }

    [Fact]
    public void HugePages_OfASizeThatNoMachineHas_IsRefused()
    {
        Requires.Root();
        Directory.CreateDirectory(MountPoint);

        LinuxException e = Assert.Throws<LinuxException>(() => Mount.HugePages(MountPoint, 12345));

        Assert.Equal(Errno.EINVAL, e.Errno);
        Assert.StartsWith($"mount hugetlbfs with pages of 12345 bytes at {MountPoint}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unmount_WhileAFileIsOpen_IsRefusedAndTheHolderIsFound()
    {
        Requires.Root();
        Directory.CreateDirectory(MountPoint);
        Mount.Tmpfs(MountPoint, 1024 * 1024, noSwap: false);

        using (File.Create(Path.Combine(MountPoint, "open")))
        {
            LinuxException e = Assert.Throws<LinuxException>(() => Mount.Unmount(MountPoint));

            Assert.Equal(Errno.EBUSY, e.Errno);
            Assert.StartsWith($"{Environment.ProcessId} (", Assert.Single(MountHolders.Find(MountPoint)), StringComparison.Ordinal);
        }

        Mount.Unmount(MountPoint);
        Assert.DoesNotContain(MountInfo.ReadSelf(), mount => mount.MountPoint == MountPoint);
    }

    [Fact]
    public void Unmount_NothingMounted_IsNoError()
    {
        Requires.Root();
        Directory.CreateDirectory(MountPoint);

        Mount.Unmount(MountPoint);
        Mount.Unmount(Path.Combine(MountPoint, "missing"));
    }

    [Fact]
    public void Set_GroupAndMode_AreBothThere()
    {
        Requires.Root();
        Directory.CreateDirectory(MountPoint);

        DirectoryAccess.Set(MountPoint, 0x5FF, 1234);

        FileStatus status = FileStatus.TryRead(MountPoint)!.Value;
        Assert.Equal((0x5FFu, 1234u, 0u), (status.Mode, status.Group, status.Owner));
    }

    public void Dispose()
    {
        Mount.Detach(MountPoint);
        _directory.Delete(recursive: true);
    }
}
