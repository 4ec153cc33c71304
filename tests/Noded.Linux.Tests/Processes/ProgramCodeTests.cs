using Noded.Linux.Processes;

namespace Noded.Linux.Tests.Processes;

public sealed class ProgramCodeTests
{
    [Fact]
    public void Release_WhileItRuns_GoesOnRunning()
    {
        long released = ProgramCode.Release();

        Assert.True(released > 0, "This program has no code of its own.");
        Assert.True(ProgramCode.Release() > 0, "The second time there was nothing.");
    }
}
