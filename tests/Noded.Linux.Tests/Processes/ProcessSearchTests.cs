using Noded.Linux.Processes;
using Noded.Testing;

namespace Noded.Linux.Tests.Processes;

public sealed class ProcessSearchTests
{
    private readonly string _mark = Guid.NewGuid().ToString();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TryFind_ProcessWithTheseArguments_IsFoundWhileItLives()
    {
        await using (ChildProcess process = await WaitAsync("bash", "-c", "echo ready; read -r", _mark))
        {
            Assert.Equal(process.Id, ProcessSearch.TryFind("-c", "echo ready; read -r", _mark)?.Pid);
            Assert.Null(ProcessSearch.TryFind("-c", "echo ready; read -r", _mark, "more"));
            Assert.Null(ProcessSearch.TryFind(_mark));
        }

        Assert.Null(ProcessSearch.TryFind("-c", "echo ready; read -r", _mark));
    }

    [Fact]
    [Trait("Category", "Integration")]
    public async Task TryFind_SameArgumentsWithOtherMounts_IsNotMeant()
    {
        Requires.Root();
        await using ChildProcess process =
            await WaitAsync("unshare", "--mount", "bash", "-c", "echo ready; read -r", _mark);

        Assert.Null(ProcessSearch.TryFind("-c", "echo ready; read -r", _mark));
    }

    private static async Task<ChildProcess> WaitAsync(string program, params string[] arguments)
    {
        ChildProcess process = ChildProcess.Start(program, arguments);
        await process.Output.WaitForLineAsync("ready", Token);
        return process;
    }
}
