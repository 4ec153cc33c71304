using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Api.Services;
using Noded.Linux.Events;
using Noded.Linux.Namespaces;
using Noded.Primitives;
using Noded.ServiceProxy.Inspection;
using Noded.ServiceProxy.Reflectors;
using Prometheus;

namespace Noded.ServiceProxy.Tests;

/// <summary>The whole proxy, from a source's news to a connection of a socket.</summary>
[Trait("Category", "Integration")]
public sealed class ServiceProxyComponentTests : IAsyncLifetime
{
    private readonly SourceOfTest _source = new("api");
    private readonly FdReactor _reactor = new();
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private ProxySandbox _sandbox = null!; // made before every test
    private AgentClient _agent = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _sandbox = await ProxySandbox.CreateAsync(Token);
        _agent = await _sandbox.StartAgentAsync(Token);
        await _agent.DoAsync("listen-tcp 127.0.0.2:8001 a", Token);
        await _agent.DoAsync("listen-tcp 127.0.0.3:8001 b", Token);
    }

    [Fact]
    public async Task Run_NewsOfServicesAndSlices_AreWhereConnectionsGo()
    {
        await using Running proxy = Run(_source);
        _source.Say(new ServiceSourceChange.Snapshot([AService()], [ASlice("127.0.0.2")]));
        await proxy.SyncedAsync(Token);
        string first = await _agent.AskAsync("tcp 10.96.0.1:80", Token);

        _source.Say(new ServiceSourceChange.Slice(new NamespacedName("default", "web-1"), ASlice("127.0.0.3")));
        await proxy.SyncedAsync(Token);
        string second = await _agent.AskAsync("tcp 10.96.0.1:80", Token);
        _source.Say(new ServiceSourceChange.Slice(new NamespacedName("default", "web-1"), null));
        await proxy.SyncedAsync(Token);
        string third = await _agent.AskAsync("tcp 10.96.0.1:80", Token);

        Assert.Equal(
            ("a 10.96.0.1:80", "b 10.96.0.1:80", ProxyTests.Told("error ConnectionRefused")), (first, second, third));
    }

    [Fact]
    public async Task Run_EndpointOfUdpLeaves_ConnectedSocketsOfTheNodeEnd()
    {
        V1Service service = AService();
        service.Spec.Ports[0].Protocol = "UDP";
        V1EndpointSlice here = ASlice("127.0.0.2");
        V1EndpointSlice there = ASlice("127.0.0.3");
        (here.Ports[0].Protocol, there.Ports[0].Protocol) = ("UDP", "UDP");
        await _agent.DoAsync("listen-udp 127.0.0.2:8001 c", Token);
        await _agent.DoAsync("listen-udp 127.0.0.3:8001 d", Token);
        await using Running proxy = Run(_source);
        _source.Say(new ServiceSourceChange.Snapshot([service], [here]));
        await proxy.SyncedAsync(Token);
        string before = await _agent.AskAsync("udp-connected one 10.96.0.1:80", Token);

        _source.Say(new ServiceSourceChange.Slice(new NamespacedName("default", "web-1"), there));
        await proxy.SyncedAsync(Token);

        Assert.Equal("c 10.96.0.1:80", before);
        Assert.Equal("error DestinationAddressRequired", await _agent.AskAsync("udp-connected one 10.96.0.1:80", Token));
        Assert.Equal("d 10.96.0.1:80", await _agent.AskAsync("udp-connected two 10.96.0.1:80", Token));
    }

    [Fact]
    public async Task Run_Ended_ConnectionsGoOn()
    {
        Running proxy = Run(_source);
        _source.Say(new ServiceSourceChange.Snapshot([AService()], [ASlice("127.0.0.2")]));
        await proxy.SyncedAsync(Token);

        await proxy.DisposeAsync();

        Assert.Equal("a 10.96.0.1:80", await _agent.AskAsync("tcp 10.96.0.1:80", Token));
    }

    [Fact]
    public async Task Run_OneSourceHasNotSynced_KeepsWhatItsPredecessorLeft()
    {
        _sandbox.Tables.Apply(Plans.Of("web", "10.96.0.1:80", "127.0.0.2:8001"));
        _sandbox.Tables.Apply(Plans.Of("gone", "10.96.0.2:80", "127.0.0.2:8001"));
        SourceOfTest slow = new("file");
        await using Running proxy = Run(_source, slow);
        _source.Say(new ServiceSourceChange.Snapshot([AService()], [ASlice("127.0.0.3")]));
        await _source.TakenAsync(Token);
        string before = await _agent.AskAsync("tcp 10.96.0.1:80", Token);

        slow.Say(new ServiceSourceChange.Snapshot([], []));
        await proxy.SyncedAsync(Token);

        Assert.Equal("a 10.96.0.1:80", before);
        Assert.Equal("b 10.96.0.1:80", await _agent.AskAsync("tcp 10.96.0.1:80", Token));
        Assert.Equal("error NetworkUnreachable", await _agent.AskAsync("tcp 10.96.0.2:80", Token));
    }

    [Fact]
    public async Task Run_SnapshotWithoutAService_RemovesIt()
    {
        await using Running proxy = Run(_source);
        _source.Say(new ServiceSourceChange.Snapshot([AService()], [ASlice("127.0.0.2")]));
        await proxy.SyncedAsync(Token);

        _source.Say(new ServiceSourceChange.Snapshot([], []));
        await proxy.SyncedAsync(Token);

        Assert.Equal("error NetworkUnreachable", await _agent.AskAsync("tcp 10.96.0.1:80", Token));
    }

    [Fact]
    public async Task Run_ApiServersServiceLosesItsEndpoints_KeepsTheLastOnes()
    {
        V1Service service = AService();
        V1EndpointSlice slice = ASlice("127.0.0.2");
        service.Metadata.Name = "kubernetes";
        slice.Metadata.Labels["kubernetes.io/service-name"] = "kubernetes";
        await using Running proxy = Run(_source);
        _source.Say(new ServiceSourceChange.Snapshot([service], [slice]));
        await proxy.SyncedAsync(Token);

        _source.Say(new ServiceSourceChange.Slice(new NamespacedName("default", "web-1"), null));
        await proxy.SyncedAsync(Token);

        Assert.Equal("a 10.96.0.1:80", await _agent.AskAsync("tcp 10.96.0.1:80", Token));
    }

    [Fact]
    public async Task Run_Metrics_HaveKubeProxysNamesAndTheUseOfTheMaps()
    {
        await using Running proxy = Run(_source);
        _source.Say(new ServiceSourceChange.Snapshot([AService()], [ASlice("127.0.0.2")]));
        await proxy.SyncedAsync(Token);
        await _agent.AskAsync("tcp 10.96.0.1:80", Token);

        using MemoryStream text = new();
        await _registry.CollectAndExportAsTextAsync(text, Token);
        string metrics = Encoding.UTF8.GetString(text.ToArray());

        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_count 1", metrics, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_sync_proxy_rules_service_changes_total 1", metrics, StringComparison.Ordinal);
        Assert.Contains("noded_serviceproxy_map_entries{map=\"frontends\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("noded_serviceproxy_verdicts_total{verdict=\"translated\"} 1", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Describe_AfterConnections_HasThemCounted()
    {
        await using Running proxy = Run(_source);
        _source.Say(new ServiceSourceChange.Snapshot([AService()], [ASlice("127.0.0.2")]));
        await proxy.SyncedAsync(Token);
        await _agent.AskAsync("tcp 10.96.0.1:80", Token);
        await _agent.AskAsync("tcp 10.96.0.1:80", Token);

        ServiceView service = Assert.Single(await proxy.Component.DescribeAsync(Token));

        Assert.Equal("default/web IPv4 TCP", service.Name.ToString());
        Assert.Equal("10.96.0.1:80", Assert.Single(service.Addresses).ToString());
        Assert.Equal(("127.0.0.2:8001", 2ul), Assert.Single(service.Endpoints) is { } endpoint
            ? (endpoint.Backend.ToString(), endpoint.Connections)
            : default);
    }

    [Fact]
    public async Task WatchFlows_WhileSomebodyListens_TellsWhatBecameOfConnections()
    {
        await using Running proxy = Run(_source);
        V1Service empty = AService();
        (empty.Metadata.Name, empty.Spec.ClusterIP) = ("empty", "10.96.0.2");
        _source.Say(new ServiceSourceChange.Snapshot([AService(), empty], [ASlice("127.0.0.2")]));
        await proxy.SyncedAsync(Token);
        await _agent.AskAsync("tcp 10.96.0.1:80", Token);
        await using IAsyncEnumerator<FlowEvent> flows =
            proxy.Component.WatchFlowsAsync(1, Token).GetAsyncEnumerator(Token);
        ValueTask<bool> first = flows.MoveNextAsync();

        // What happened before anybody listened is not told; the reader may begin a moment after the programs.
        while (!first.IsCompleted)
        {
            await _agent.AskAsync("tcp 10.96.0.1:80", Token);
        }

        Assert.True(await first);
        FlowEvent translated = flows.Current;
        await _agent.AskAsync("tcp 10.96.0.2:80", Token);
        while (flows.Current.Verdict != FlowVerdict.Refused)
        {
            Assert.True(await flows.MoveNextAsync());
        }

        Assert.Equal(
            (FlowVerdict.Translated, FlowHook.Socket, "10.96.0.1:80", "127.0.0.2:8001"),
            (translated.Verdict, translated.Hook, translated.Target.ToString(), translated.Backend?.ToString()));
        Assert.Equal(("10.96.0.2:80", null), (flows.Current.Target.ToString(), flows.Current.Backend));
    }

    [Fact]
    public async Task WatchFlows_NobodyListensAnyMore_TheProgramsTellNothing()
    {
        Running proxy = Run(_source);
        _source.Say(new ServiceSourceChange.Snapshot([AService()], [ASlice("127.0.0.2")]));
        await proxy.SyncedAsync(Token);
        IAsyncEnumerator<FlowEvent> flows = proxy.Component.WatchFlowsAsync(7, Token).GetAsyncEnumerator(Token);
        Task<bool> pending = flows.MoveNextAsync().AsTask();
        ulong during = _sandbox.Maps.Observers[0];

        await proxy.DisposeAsync();

        Assert.Equal((7ul, 0ul), (during, _sandbox.Maps.Observers[0]));
        Assert.False(await pending);
    }

    [Fact]
    public async Task Describe_EndedComponent_SaysSo()
    {
        Running proxy = Run(_source);
        await proxy.DisposeAsync();

        IOException refusal = await Assert.ThrowsAsync<IOException>(() => proxy.Component.DescribeAsync(Token));

        Assert.Equal("show the Services: the service proxy has ended", refusal.Message);
    }

    [Fact]
    public async Task Run_PinsOutsideABpfFileSystem_SaysWhatIsMissing()
    {
        ServiceProxyComponent component = Component(
            new ServiceProxyOptions(_sandbox.Cgroup, Path.Combine(_sandbox.Sandbox.Root, "pins"), Plans.Node), _source);

        IOException refusal = await Assert.ThrowsAnyAsync<IOException>(() => component.RunAsync(Token));

        Assert.StartsWith("pin map ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NoSuchCgroup_NamesIt()
    {
        ServiceProxyComponent component = Component(
            new ServiceProxyOptions(_sandbox.Cgroup + "/none", Path.Combine(_sandbox.Mount, "other"), Plans.Node), _source);

        IOException refusal = await Assert.ThrowsAnyAsync<IOException>(() => component.RunAsync(Token));

        Assert.StartsWith($"open {_sandbox.Cgroup}/none: ", refusal.Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_sandbox is not null)
        {
            await _sandbox.DisposeAsync();
        }

        _reactor.Dispose();
    }

    private static V1Service AService() => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1ServiceSpec
        {
            Type = "ClusterIP",
            ClusterIP = "10.96.0.1",
            Ports = [new V1ServicePort { Port = 80, Protocol = "TCP" }],
        },
    };

    private static V1EndpointSlice ASlice(string address) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta
        {
            Name = "web-1",
            NamespaceProperty = "default",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" },
        },
        Endpoints = [new V1Endpoint { Addresses = [address] }],
        Ports = [new Discoveryv1EndpointPort { Name = "", Port = 8001 }],
    };

    private Running Run(params ImmutableArray<IServiceSource> sources) =>
        new(Component(
            new ServiceProxyOptions(_sandbox.Cgroup, _sandbox.Pins, Plans.Node)
            {
                SocketNamespace = new NetworkNamespace(
                    string.Create(CultureInfo.InvariantCulture, $"/proc/{_sandbox.Sandbox.InitPid}/ns/net")),
            },
            sources));

    private ServiceProxyComponent Component(ServiceProxyOptions options, params ImmutableArray<IServiceSource> sources) =>
        new(options with { AttachesToLinks = false }, sources, new NoPodNetworks(), _reactor, new ServiceProxyMetrics(_registry), TimeProvider.System, NullLoggerFactory.Instance);

    /// <summary>The machine's links are not this test's: nothing is attached to them.</summary>
    private sealed class NoPodNetworks : IPodNetworks
    {
        public IAsyncEnumerable<ImmutableArray<PodNetwork>> WatchAsync(CancellationToken cancellationToken) =>
            Channel.CreateUnbounded<ImmutableArray<PodNetwork>>().Reader.ReadAllAsync(cancellationToken);
    }

    /// <summary>A component that runs until it is disposed.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly ServiceProxyComponent _component;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _task;

        public Running(ServiceProxyComponent component)
        {
            _component = component;
            _task = component.RunAsync(_stop.Token);
        }

        public ServiceProxyComponent Component => _component;

        public async Task SyncedAsync(CancellationToken cancellationToken)
        {
            Task<string> synced = _component.Synced.ReadAsync(cancellationToken).AsTask();
            if (await Task.WhenAny(synced, _task) == _task)
            {
                await _task;
            }

            await synced;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            try
            {
                await _task;
            }
            catch (OperationCanceledException)
            {
                // Cancelled above.
            }

            _stop.Dispose();
        }
    }

    private sealed class SourceOfTest(string name) : IServiceSource
    {
        private readonly Channel<ServiceSourceChange> _news = Channel.CreateUnbounded<ServiceSourceChange>();
        private readonly Channel<bool> _taken = Channel.CreateUnbounded<bool>();

        public string Name => name;

        public void Say(ServiceSourceChange change) => _news.Writer.TryWrite(change);

        /// <summary>Returns when the news before has been passed on.</summary>
        public Task<bool> TakenAsync(CancellationToken cancellationToken) => _taken.Reader.ReadAsync(cancellationToken).AsTask();

        public async IAsyncEnumerable<ServiceSourceChange> WatchAsync(
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (ServiceSourceChange change in _news.Reader.ReadAllAsync(cancellationToken))
            {
                yield return change;
                _taken.Writer.TryWrite(true);
            }
        }
    }
}
