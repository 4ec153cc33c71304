using Noded.Bpf;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Packets;

/// <summary>Which links of a machine get programs as links, addresses and pods come and go.</summary>
[Trait("Category", "Integration")]
public sealed class LinkWatcherTests : IAsyncLifetime
{
    private const string PodCidr = "10.244.0.0/16";
    private const string Pins = "/sys/fs/bpf/node";

    private const string Setup = """
        set -e
        mkdir -p /run/netns
        ip link add cni0 type bridge
        ip address add 10.244.1.1/24 dev cni0
        ip link set cni0 up
        for pod in a b; do
            ip netns add "$pod"
            ip link add "$pod-host" type veth peer name eth0 netns "$pod"
            ip link set "$pod-host" master cni0 up
            ip -n "$pod" link set eth0 up
        done
        ip -n a address add 10.244.1.2/24 dev eth0
        ip -n b address add 10.244.1.3/24 dev eth0
        ip -n b address add fd10:1::3/64 dev eth0 nodad
        ip link add up0 type veth peer name up0-peer
        ip address add 192.0.2.1/24 dev up0
        ip link set up0 up
        ip link add up1 type veth peer name up1-peer
        ip link set up1 up
        """;

    private readonly List<ChildProcess> _agents = [];
    private NodeSandbox _sandbox = null!; // made before every test

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Program("ip");
        _sandbox = await NodeSandbox.CreateAsync(Token);
        (await _sandbox.RunAsync("bash", ["-c", Setup], Token)).OrThrow();
    }

    [Fact]
    public async Task Run_LinksAndPodsComeAndGo_TheyAreFollowed()
    {
        AgentClient node = await StartAsync();
        await node.DoAsync($"links {PodCidr}", Token);
        await WaitAsync(node, "up0 1 2");

        await node.DoAsync("pods a=10.244.1.2 b=10.244.1.3,fd10:1::3", Token);
        await WaitAsync(node, "a-host,b-host,up0 3 2");
        await IpAsync("address", "add", "198.51.100.1/24", "dev", "up1");
        await WaitAsync(node, "a-host,b-host,up0,up1 3 3");
        await IpAsync("address", "del", "192.0.2.1/24", "dev", "up0");
        await WaitAsync(node, "a-host,b-host,up1 3 2");
        await node.DoAsync("pods b=10.244.1.3,fd10:1::3", Token);
        await WaitAsync(node, "b-host,up1 2 2");
    }

    [Fact]
    public async Task Run_ByTheNextDaemon_TakesOverAndRemovesWhatIsGone()
    {
        AgentClient first = await StartAsync();
        await first.DoAsync($"links {PodCidr}", Token);
        await first.DoAsync("pods a=10.244.1.2 b=10.244.1.3,fd10:1::3", Token);
        await WaitAsync(first, "a-host,b-host,up0 3 2");
        await EndAsync(_agents[0]);
        await IpAsync("link", "delete", "a-host");

        AgentClient second = await StartAsync();
        await second.DoAsync($"links {PodCidr}", Token);
        await WaitAsync(second, "b-host,gone,up0 3 2");
        await second.DoAsync("pods b=10.244.1.3,fd10:1::3", Token);

        await WaitAsync(second, "b-host,up0 2 2");
    }

    [Fact]
    public async Task Run_NamespaceOfAPodIsGone_TheOthersAreAttached()
    {
        AgentClient node = await StartAsync();
        await node.DoAsync($"links {PodCidr}", Token);

        await node.DoAsync("pods gone=10.244.1.9 a=10.244.1.2", Token);

        await WaitAsync(node, "a-host,up0 2 2");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess agent in _agents)
        {
            await agent.DisposeAsync();
        }

        if (_sandbox is not null)
        {
            await _sandbox.DisposeAsync();
        }
    }

    private async Task<AgentClient> StartAsync()
    {
        ChildProcess process = await _sandbox.StartAsync(Environment.ProcessPath!, ["agent"], Token);
        _agents.Add(process);
        AgentClient node = new(process);
        await node.DoAsync($"node {Pins} {FeatureProbe.BestLinkHook()}", Token);
        return node;
    }

    private async Task EndAsync(ChildProcess agent)
    {
        _agents.Remove(agent);
        await agent.DisposeAsync();
    }

    private async Task IpAsync(params string[] arguments) =>
        (await _sandbox.RunAsync("ip", arguments, Token)).OrThrow();

    /// <summary>Asks until it is so; long enough for a busy machine.</summary>
    private static async Task WaitAsync(AgentClient node, string expected)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        string last = "";
        while (last != expected && !patience.IsCancellationRequested)
        {
            last = await node.AskAsync("attached", Token);
        }

        Assert.Equal(expected, last);
    }
}
