namespace Noded.Testing.Tests;

[Collection(nameof(WholeMachine))]
public sealed class FdLeakCheckTests
{
    [Fact]
    public void Leaked_FileHeldOpen_NamesIt()
    {
        FdLeakCheck check = FdLeakCheck.Start();

        using FileStream held = File.OpenRead("/etc/hostname");

        Assert.Contains($"{held.SafeFileHandle.DangerousGetHandle()} -> /etc/hostname", check.Leaked());
    }

    [Fact]
    public void Leaked_FileClosedAgain_IsEmpty()
    {
        FdLeakCheck check = FdLeakCheck.Start();

        File.OpenRead("/etc/hostname").Dispose();

        check.AssertNone();
    }
}
