using Noded.Linux;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Network.Tests;

[Trait("Category", "Integration")]
public sealed class NodeNetworkTests : IAsyncLifetime
{
    private NodeSandbox _sandbox = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private NodePaths Paths => _sandbox.Paths;

    private string ConfigFile => Path.Combine(Paths.CniConfig, CniConfigList.FileName);

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        _sandbox = await NodeSandbox.CreateAsync(Token);
    }

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    [Fact]
    public async Task Run_FirstTime_MakesRoutesLinksAndConfiguration()
    {
        await RunUntilAttemptedAsync(NodeNetworkOptions.Default, OpenNetlink);

        Assert.True(File.Exists(ConfigFile));
        Assert.Equal("/usr/bin/noded", new FileInfo(Path.Combine(Paths.CniBinaries, "bridge")).LinkTarget);
        Assert.Contains(
            "unreachable 10.96.0.0/12",
            (await _sandbox.RunAsync("ip", ["route"], Token)).OrThrow().Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NothingChanged_LeavesTheConfigurationAsItIs()
    {
        await RunUntilAttemptedAsync(NodeNetworkOptions.Default, OpenNetlink);
        DateTime written = File.GetLastWriteTimeUtc(ConfigFile);

        await RunUntilAttemptedAsync(NodeNetworkOptions.Default, OpenNetlink);

        Assert.Equal(written, File.GetLastWriteTimeUtc(ConfigFile));
        await RunUntilAttemptedAsync(NodeNetworkOptions.Default with { PodCidrs = [] }, OpenNetlink);
        Assert.False(File.Exists(ConfigFile));
    }

    [Fact]
    public async Task Run_NoPodCidrAndNothingThereYet_IsFine()
    {
        await RunUntilAttemptedAsync(NodeNetworkOptions.Default with { PodCidrs = [] }, OpenNetlink);

        Assert.False(File.Exists(ConfigFile));
    }

    [Fact]
    public void Remove_OfANodeThatNeverWas_IsFine() =>
        NodeNetwork.Remove(Paths, new CniLinks(Paths.CniBinaries, ["bridge"], "noded.sock", Paths.CniSocket));

    [Fact]
    public async Task Run_RoutesCannotBeMade_TakesTheConfigurationAway()
    {
        await RunUntilAttemptedAsync(NodeNetworkOptions.Default, OpenNetlink);

        await Assert.ThrowsAsync<LinuxException>(() => RunUntilAttemptedAsync(
            NodeNetworkOptions.Default, () => throw new LinuxException("open netlink socket", Errno.EPERM)));

        Assert.False(File.Exists(ConfigFile));
    }

    private RtNetlink OpenNetlink() => RtNetlink.Open(new NetworkNamespace($"/proc/{_sandbox.InitPid}/ns/net"));

    /// <summary>Runs the part until it has nothing to do any more, or fails.</summary>
    private async Task RunUntilAttemptedAsync(NodeNetworkOptions options, Func<RtNetlink> openNetlink)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        NodeNetwork network = new(
            Paths, options, new CniLinks(Paths.CniBinaries, ["bridge"], "noded.sock", Paths.CniSocket), "/usr/bin/noded", openNetlink,
            new FlightRecorder(16, TimeProvider.System), TimeProvider.System);
        Task running = network.RunAsync(stop.Token);

        await network.Attempted;
        await stop.CancelAsync();

        try
        {
            await running;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What it ends with when all went well.
        }
    }
}
