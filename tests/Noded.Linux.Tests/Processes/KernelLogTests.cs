using Noded.Linux.Processes;
using Noded.Testing;

namespace Noded.Linux.Tests.Processes;

public sealed class KernelLogTests
{
    [Fact]
    [Trait("Category", "Integration")]
    public void ReadNew_Records_AreToldOnce()
    {
        Requires.Root();
        Assert.SkipUnless(File.Exists(KernelLog.Device), $"Needs {KernelLog.Device}.");
        string before = $"noded test {Guid.NewGuid()}";
        string after = $"noded test {Guid.NewGuid()}";
        using KernelLog log = new();

        File.WriteAllText(KernelLog.Device, before + "\n");
        Assert.Contains(before, log.ReadNew());
        File.WriteAllText(KernelLog.Device, after + "\n");
        IReadOnlyList<string> second = log.ReadNew();

        Assert.Contains(after, second);
        Assert.DoesNotContain(before, second);
    }

    [Fact]
    public void ReadNew_NoSuchLog_SaysWhich()
    {
        using KernelLog log = new("/dev/no-such-log");

        LinuxException e = Assert.Throws<LinuxException>(() => log.ReadNew());

        Assert.Equal(Errno.ENOENT, e.Errno);
        Assert.Contains("/dev/no-such-log", e.Message, StringComparison.Ordinal);
    }
}
