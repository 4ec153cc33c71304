using Noded.ServiceProxy.Datapath;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Datapath;

/// <summary>When the kernel refuses, it is told why, and nothing is attached or pinned half.</summary>
[Trait("Category", "Integration")]
public sealed class RefusalTests : IAsyncLifetime
{
    // Of the sandbox: the agent does not see what is mounted on the machine.
    private const string PinsInside = "/sys/fs/bpf/other";

    private ProxySandbox _sandbox = null!; // made before every test

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Pins => Path.Combine(_sandbox.Mount, "other");

    // Nothing of the sandbox's own proxy is attached here.
    private string Cgroup => Path.Combine(_sandbox.Cgroup, "other");

    public async ValueTask InitializeAsync()
    {
        Requires.Program("bpftool", "setpriv");
        _sandbox = await ProxySandbox.CreateAsync(Token);
        Directory.CreateDirectory(Cgroup);
    }

    [Theory]
    [InlineData("-all")]
    [InlineData("-bpf,-sys_admin")]
    [InlineData("-net_admin,-sys_admin")]
    public async Task Run_WithoutPrivilege_SaysWhichAndLeavesNothing(string dropped)
    {
        AgentClient agent = await _sandbox.StartAgentAsync(Token, dropping: dropped);

        string answer = await agent.AskAsync($"proxy {PinsInside} {Cgroup}", Token);

        Assert.StartsWith("error ", answer, StringComparison.Ordinal);
        Assert.Contains("run as root or with CAP_BPF, CAP_NET_ADMIN", answer, StringComparison.Ordinal);
        ProgramResult pins = await _sandbox.Sandbox.RunAsync("find", [PinsInside, "-type", "f"], Token);
        Assert.Equal(("", ""), (pins.Output, await AttachedAsync()));
    }

    [Fact]
    public async Task Attach_OneHookIsRefused_NoneStays()
    {
        using SocketDatapath datapath = SocketDatapath.Open(Pins, ProxySandbox.SmallOptions);
        Directory.CreateDirectory(Path.Combine(Pins, "links", "connect4"));

        IOException refusal = Assert.ThrowsAny<IOException>(() => datapath.Attach(Cgroup));

        Assert.Contains("links/connect4", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Pins, "links")));
        Assert.Equal("", await AttachedAsync());
    }

    [Fact]
    public void Attach_AfterARefusal_AttachesAll()
    {
        using SocketDatapath datapath = SocketDatapath.Open(Pins, ProxySandbox.SmallOptions);
        string obstacle = Path.Combine(Pins, "links", "connect4");
        Directory.CreateDirectory(obstacle);
        Assert.ThrowsAny<IOException>(() => datapath.Attach(Cgroup));
        Directory.Delete(obstacle);

        datapath.Attach(Cgroup);

        Assert.Equal(8, Directory.EnumerateFiles(Path.Combine(Pins, "links")).Count());
        SocketDatapath.RemovePins(Pins);
    }

    public async ValueTask DisposeAsync()
    {
        if (_sandbox is not null)
        {
            await _sandbox.DisposeAsync();
        }
    }

    /// <summary>Empty when nothing is; before some kernel an error else, which fails the test as well.</summary>
    private async Task<string> AttachedAsync() =>
        (await ChildProcess.RunAsync("bpftool", ["cgroup", "show", Cgroup], Token)).OrThrow().Output.Trim();
}
