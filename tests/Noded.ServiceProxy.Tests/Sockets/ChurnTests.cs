using Noded.ServiceProxy.Tests.Agent;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Sockets;

/// <summary>Connections all the while: not one may fail, whatever happens to the lists, the daemon or its programs.</summary>
[Trait("Category", "Integration")]
public sealed class ChurnTests(ProxyFixture proxy) : ProxyTests(proxy)
{
    private const int Changes = 10_000;
    private const uint Lost = 5;

    [Fact]
    public async Task Apply_TenThousandChangesUnderLoad_NoConnectionFails()
    {
        await StartLoadAsync();

        for (int step = 0; step < Changes; step++)
        {
            ListChurn.Step(Tables, step);
            if (step % 1000 == 0)
            {
                // The changes are faster than the connections: let these meet some of every kind.
                await Agent.DoAsync("load-reached 100", Token);
            }
        }

        await AssertNoneFailedAsync();
    }

    [Fact]
    public async Task Updater_KilledAgainAndAgain_NoConnectionFailsAndItsSuccessorGoesOn()
    {
        await StartLoadAsync();
        for (int round = 0; round < 5; round++)
        {
            await using ChildProcess updater = ChildProcess.Start(Environment.ProcessPath!, "agent");
            await updater.WriteLineAsync($"churn {Sandbox.Pins} 1000000000", Token);
            await Agent.DoAsync("load-reached 300", Token);
            await updater.SignalAsync(9, Token);
            await updater.WaitForExitAsync(Token);
            await Agent.DoAsync("load-reached 100", Token);
        }

        Sandbox.Restart();
        ListChurn.Step(Tables, 0);
        Tables.Prune();

        await AssertNoneFailedAsync();
        Assert.Equal((1u, (uint)ListChurn.Backends), (Tables.FrontendsUsed, Tables.BackendsUsed));
    }

    [Fact]
    public async Task Restart_AgainAndAgain_NoConnectionFails()
    {
        await StartLoadAsync();

        for (int round = 0; round < 10; round++)
        {
            Sandbox.Restart();
            ListChurn.Step(Tables, round);
            Tables.Prune();
            await Agent.DoAsync("load-reached 50", Token);
        }

        await AssertNoneFailedAsync();
    }

    [Fact]
    public async Task Apply_ServicesComeAndGoUnderLoad_NoConnectionFails()
    {
        await StartLoadAsync();

        for (int step = 0; step < 2000; step++)
        {
            int other = step % 50;
            Tables.Apply(Plans.Of($"other-{other}", $"10.97.0.{other}:80", ListChurn.Server(0), "127.0.0.99:1"));
            Tables.Remove(Plans.Port($"other-{(step + 25) % 50}", $"10.97.0.{(step + 25) % 50}:80").Name);
            if (step % 500 == 0)
            {
                await Agent.DoAsync("load-reached 100", Token);
            }
        }

        await AssertNoneFailedAsync();
    }

    private async Task StartLoadAsync()
    {
        for (int server = 0; server < ListChurn.Servers; server++)
        {
            await Agent.DoAsync($"listen-tcp {ListChurn.Server(server)} s{server}", Token);
        }

        ListChurn.Step(Tables, 0);
        await Agent.DoAsync($"load {ListChurn.Service}", Token);
        await Agent.DoAsync("load-reached 100", Token);
    }

    private async Task AssertNoneFailedAsync()
    {
        await Agent.DoAsync("load-reached 100", Token);
        string results = await Agent.AskAsync("load-end", Token);
        Assert.DoesNotContain("error", results, StringComparison.Ordinal);
        Assert.Equal(0ul, Count(Lost));
        Assert.True(results.Split(' ').Length > 1, results);
    }
}
