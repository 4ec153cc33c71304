using Noded.Linux.Mounts;

namespace Noded.Linux.Tests.Mounts;

public sealed class MountInfoTests
{
    [Theory]
    [InlineData("36 35 98:0 / /mnt rw,noatime - ext3 /dev/root rw,errors=continue")]
    [InlineData("36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue")]
    [InlineData("36 35 98:0 / /mnt rw,noatime shared:2 master:1 - ext3 /dev/root rw,errors=continue")]
    public void Parse_AnyNumberOfOptionalFields_IsRead(string line) => Assert.Equal(
        new MountInfo(36, 35, "/", "/mnt", "ext3", "/dev/root", "rw,errors=continue"), MountInfo.Parse(line));

    [Fact]
    public void Parse_Escapes_AreUndone() => Assert.Equal(
        "/a b\tc\\d\ne", MountInfo.Parse(@"1 2 0:1 / /a\040b\011c\134d\012e rw - tmpfs none rw").MountPoint);

    [Theory]
    [InlineData("")]
    [InlineData("1 2 3")]
    [InlineData("36 35 98:0 / /mnt rw,noatime master:1 ext3 /dev/root rw")]
    [InlineData("36 35 98:0 / /mnt rw -")]
    public void Parse_AnotherText_IsAFormatException(string line) =>
        Assert.Throws<FormatException>(() => MountInfo.Parse(line));

    [Fact]
    public void ReadSelf_ThisMachine_HasARoot() =>
        Assert.Contains(MountInfo.ReadSelf(), mount => mount.MountPoint == "/");
}
