using System.Collections.Immutable;
using Noded.Kubelet.Volumes;
using Noded.Linux.Files;

namespace Noded.Kubelet.Tests.Volumes;

public sealed class VolumePlanTests
{
    private static readonly DesiredVolume.EmptyDir Disk = new("v", "/pod/v", "/pod/ready", null, EmptyDirMedium.Disk);

    [Fact]
    public void Compute_NewEmptyDir_IsMadeForEverybody() => Assert.Equal(
        [
            new VolumeStep.MakeDirectory("/pod/v", 0x1FF),
            new VolumeStep.SetAccess("/pod/v", 0x1FF, null),
            new VolumeStep.MarkReady("/pod/ready"),
        ],
        VolumePlan.Compute(Disk, default));

    [Fact]
    public void Compute_EmptyDirOfAGroup_PassesTheGroupOn() => Assert.Contains(
        new VolumeStep.SetAccess("/pod/v", 0x5FF, 77), VolumePlan.Compute(Disk with { FsGroup = 77 }, default));

    [Fact]
    public void Compute_NewEmptyDirInMemory_IsMountedBeforeItIsOpened() => Assert.Equal(
        [
            new VolumeStep.MakeDirectory("/pod/v", 0x1FF),
            new VolumeStep.MountTmpfs("/pod/v", 4096),
            new VolumeStep.SetAccess("/pod/v", 0x3FF, null),
            new VolumeStep.MarkReady("/pod/ready"),
        ],
        VolumePlan.Compute(Disk with { Medium = new EmptyDirMedium.InMemory(4096) }, default));

    [Fact]
    public void Compute_NewEmptyDirInHugePages_IsMountedWithPagesOfThatSize() => Assert.Contains(
        new VolumeStep.MountHugePages("/pod/v", 2 << 20),
        VolumePlan.Compute(Disk with { Medium = new EmptyDirMedium.InHugePages(2 << 20) }, default));

    [Fact]
    public void Compute_EmptyDirOfAMediumThatCannotBe_IsRefusedBeforeAnythingIsMade() => Assert.Equal(
        [new VolumeStep.Refuse("no pages")],
        VolumePlan.Compute(Disk with { Medium = new EmptyDirMedium.Unavailable("no pages") }, default));

    [Fact]
    public void Compute_ReadyEmptyDir_StaysAsContainersLeftIt() => Assert.Empty(
        VolumePlan.Compute(Disk with { FsGroup = 77 }, new VolumeObservation(true, Found(FileType.Directory), false)));

    [Fact]
    public void Compute_EmptyDirThatVanished_IsMadeAgain() => Assert.NotEmpty(
        VolumePlan.Compute(Disk, new VolumeObservation(true, null, false)));

    [Fact]
    public void Compute_DaemonKilledBeforeTheMarker_GoesOnWithoutASecondMount()
    {
        VolumeStep[] steps =
        [
            .. VolumePlan.Compute(
                Disk with { Medium = new EmptyDirMedium.InMemory(4096) }, new VolumeObservation(false, Found(FileType.Directory), true)),
        ];

        Assert.DoesNotContain(steps, step => step is VolumeStep.MountTmpfs);
        Assert.IsType<VolumeStep.MarkReady>(steps[^1]);
    }

    [Fact]
    public void Compute_MemoryLostInAReboot_IsMountedAgain() => Assert.Contains(
        new VolumeStep.MountTmpfs("/pod/v", 4096),
        VolumePlan.Compute(
            Disk with { Medium = new EmptyDirMedium.InMemory(4096) }, new VolumeObservation(true, Found(FileType.Directory), false)));

    [Theory]
    [InlineData("", null, "")]
    [InlineData("", FileType.Socket, "")]
    [InlineData("Directory", FileType.Directory, "")]
    [InlineData("Directory", null, "hostPath type check failed: /x is not a directory")]
    [InlineData("Directory", FileType.Regular, "hostPath type check failed: /x is not a directory")]
    [InlineData("DirectoryOrCreate", FileType.Directory, "")]
    [InlineData("DirectoryOrCreate", FileType.Regular, "hostPath type check failed: /x is not a directory")]
    [InlineData("File", FileType.Regular, "")]
    [InlineData("File", null, "hostPath type check failed: /x is not a file")]
    [InlineData("File", FileType.Directory, "hostPath type check failed: /x is not a file")]
    [InlineData("FileOrCreate", FileType.Regular, "")]
    [InlineData("FileOrCreate", FileType.Socket, "hostPath type check failed: /x is not a file")]
    [InlineData("Socket", FileType.Socket, "")]
    [InlineData("Socket", FileType.Regular, "hostPath type check failed: /x is not a socket file")]
    [InlineData("Socket", null, "hostPath type check failed: /x is not a socket file")]
    [InlineData("CharDevice", FileType.CharacterDevice, "")]
    [InlineData("CharDevice", FileType.BlockDevice, "hostPath type check failed: /x is not a character device")]
    [InlineData("BlockDevice", FileType.BlockDevice, "")]
    [InlineData("BlockDevice", FileType.CharacterDevice, "hostPath type check failed: /x is not a block device")]
    public void Compute_HostPath_IsOfItsType(string type, FileType? found, string refusal)
    {
        ImmutableArray<VolumeStep> steps = HostPath(type, found);

        Assert.Equal(refusal.Length == 0 ? [] : [new VolumeStep.Refuse(refusal)], steps);
    }

    [Fact]
    public void Compute_HostPathToCreate_IsCreated()
    {
        Assert.Equal([new VolumeStep.MakeDirectory("/x", 0x1ED)], HostPath("DirectoryOrCreate", null));
        Assert.Equal([new VolumeStep.MakeFile("/x", 0x1A4)], HostPath("FileOrCreate", null));
    }

    private static ImmutableArray<VolumeStep> HostPath(string type, FileType? found) => VolumePlan.Compute(
        new DesiredVolume.HostPath("v", "/x", type),
        new VolumeObservation(false, found is { } kind ? Found(kind) : null, false));

    private static FileStatus Found(FileType type) => new(type, 0x1C0, 0, 0, 1, 2);
}
