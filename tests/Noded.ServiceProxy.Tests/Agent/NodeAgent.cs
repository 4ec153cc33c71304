using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Bpf;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Reconciler;
using Noded.ServiceProxy.Reflectors;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Agent;

/// <summary>The proxy's data path inside a sandbox, where the links are that it attaches to; by commands.</summary>
internal sealed class NodeAgent : IDisposable
{
    private readonly SocketDatapath _sockets;
    private readonly PacketDatapath _packets;
    private readonly GraceBarrier _barrier = new();
    private readonly ServiceTables _tables;
    private readonly LinkAttachments _attachments;
    private readonly PodsOfNode _pods = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;

    public NodeAgent(string pins, LinkHook hook)
    {
        _sockets = SocketDatapath.Open(pins, ProxySandbox.SmallOptions);
        _packets = PacketDatapath.Open(pins, MarkRules.Marks, hook);
        _tables = new ServiceTables(_sockets.Maps, _barrier.Wait);
        _attachments = new LinkAttachments(_sockets.Maps, _packets, NullLogger.Instance);
    }

    public string Execute(string[] words)
    {
        switch (words)
        {
            case ["links", string podCidr]:
                LinkWatcher watcher = new(
                    new NodeClient(_sockets.Maps), _attachments, _pods, [IPPrefix.Parse(podCidr)]);
                watcher.UpdateLinks();
                _watching = watcher.RunAsync(_stop.Token);
                return "ok";
            case ["pods", .. string[] pods]:
                _pods.Show([.. pods.Select(ParsePod)]);
                return "ok";
            case ["attached"]:
                return Describe();
            case ["attach", "pod", string link]:
                _packets.AttachPod(IndexOf(link));
                return "ok";
            case ["rules"]:
                new MarkRules("node-services").Ensure();
                return "ok";
            case ["attach", "uplink", string link]:
                _packets.AttachUplink(IndexOf(link));
                return "ok";
            case ["local", string address]:
                _sockets.Maps.LocalAddresses.Set(new MapAddress(IPAddress.Parse(address)), 1);
                return "ok";
            case ["service", string protocol, string address, string nodePort, string backends]:
                ServicePort port = Plans.Port(
                    $"s-{protocol}-{address}", address, protocol == "udp" ? ServiceProtocol.Udp : ServiceProtocol.Tcp);
                _tables.Apply(Plans.Of(
                    port with { NodePort = ushort.Parse(nodePort, CultureInfo.InvariantCulture) },
                    backends.Split(',', StringSplitOptions.RemoveEmptyEntries)));
                return "ok";
            default:
                return $"error unknown command {words[0]}";
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _watching.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        _stop.Dispose();
        _packets.Dispose();
        _sockets.Dispose();
        _barrier.Dispose();
    }

    private static int IndexOf(string link)
    {
        using RtNetlink netlink = RtNetlink.Open();
        return netlink.GetLink(link).Index;
    }

    private static PodNetwork ParsePod(string pod)
    {
        string[] parts = pod.Split('=');
        return new PodNetwork($"/run/netns/{parts[0]}", [.. parts[1].Split(',').Select(IPAddress.Parse)]);
    }

    /// <summary>Links with programs, clients known to the programs, addresses of the node.</summary>
    private string Describe()
    {
        using RtNetlink netlink = RtNetlink.Open();
        IEnumerable<string> links = _packets.Attached.Select(index => netlink.FindLink(index)?.Name ?? "gone").Order();
        return $"{string.Join(',', links)} {_sockets.Maps.Clients.Keys().Count} {_sockets.Maps.LocalAddresses.Keys().Count}";
    }

    private sealed class PodsOfNode : IPodNetworks
    {
        private readonly Channel<ImmutableArray<PodNetwork>> _news = Channel.CreateUnbounded<ImmutableArray<PodNetwork>>();

        public void Show(ImmutableArray<PodNetwork> pods) => _news.Writer.TryWrite(pods);

        public IAsyncEnumerable<ImmutableArray<PodNetwork>> WatchAsync(CancellationToken cancellationToken) =>
            _news.Reader.ReadAllAsync(cancellationToken);
    }
}
