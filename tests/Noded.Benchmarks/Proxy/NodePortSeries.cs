using System.Collections.Immutable;
using System.Net.Sockets;
using Noded.Benchmarks.Reports;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.Benchmarks.Proxy;

/// <summary>Packets in a second on one processor, from outside by a node port to one endpoint, beside kube-proxy's rules.</summary>
internal static class NodePortSeries
{
    private const int Rounds = 5;
    private const string HereNode = "node-1";

    private static readonly ServicePortName Name =
        new(new NamespacedName("bench", "node-port"), "", ServiceProtocol.Udp, AddressFamily.InterNetwork);

    internal static async Task<ImmutableArray<Metric>> MeasureAsync(
        ProxyTables tables, ProxyOptions options, CancellationToken cancellationToken)
    {
        using PacketSource source = PacketSource.Load(new byte[NodePortNode.FrameLength]);
        string pin = tables.PinsOf("xdp_source");
        source.Program.Pin(pin);
        try
        {
            tables.AddLocal(NodePortNode.Address);
            List<Metric> metrics = [];
            foreach (bool isLocal in (bool[])[true, false])
            {
                // New ones each time: flows would go on as they began.
                await using NodePortNode own = await NodePortNode.CreateAsync(pin, cancellationToken);
                await using NodePortNode peer = await NodePortNode.CreateAsync(pin, cancellationToken);
                tables.Apply(Plan(isLocal));
                await own.AskAsync($"attach-links {tables.Pins} {NodePortNode.Uplink} {NodePortNode.PodLink}", cancellationToken);
                await LoadAsync(peer, isLocal, cancellationToken);
                metrics.AddRange(await MeasureAsync(own, peer, isLocal, options.Window, cancellationToken));
            }

            tables.Remove(Name);
            return [.. metrics];
        }
        finally
        {
            File.Delete(pin);
        }
    }

    private static async Task<IEnumerable<Metric>> MeasureAsync(
        NodePortNode own, NodePortNode peer, bool isLocal, TimeSpan window, CancellationToken cancellationToken)
    {
        List<double> ratios = [];
        List<double> rates = [];
        List<double> others = [];
        for (int round = 0; round <= Rounds; round++)
        {
            double rate = await own.MeasureAsync(window, cancellationToken);
            double other = await peer.MeasureAsync(window, cancellationToken);
            // The first one makes the flows.
            if (round > 0)
            {
                ratios.Add(rate / other);
                rates.Add(rate);
                others.Add(other);
            }
        }

        string where = isLocal ? "local" : "remote";
        return
        [
            new Metric($"nodeport_{where}_pps_vs_nft", P50(ratios), isLocal ? new Goal.AtLeast(1.5) : null),
            new Metric($"nodeport_{where}_pps", P50(rates)),
            new Metric($"nodeport_{where}_pps_nft", P50(others)),
        ];
    }

    /// <summary>An endpoint here keeps the client's address; before one elsewhere the node puts its own.</summary>
    private static ServicePlan Plan(bool isLocal)
    {
        Endpoint endpoint = new(new Backend(NodePortNode.Endpoint.Address, (ushort)NodePortNode.Endpoint.Port))
        {
            NodeName = isLocal ? HereNode : "node-2",
        };
        return ServicePlan.Compute(
            new ServicePort(Name, BenchmarkServices.ServiceAddress(0), BenchmarkServices.Port)
            {
                NodePort = NodePortNode.NodePort,
                IsExternallyLocal = isLocal,
            },
            [endpoint],
            new NodeTopology(HereNode, "zone-a"));
    }

    private static async Task LoadAsync(NodePortNode peer, bool isLocal, CancellationToken cancellationToken)
    {
        string file = Path.Combine(peer.Sandbox.Root, "nft.rules");
        await File.WriteAllTextAsync(
            file,
            KubeProxyRules.NftablesNodePort(NodePortNode.Address, NodePortNode.NodePort, NodePortNode.Endpoint, isLocal),
            cancellationToken);
        (await peer.Sandbox.RunAsync("nft", ["-f", file], cancellationToken)).OrThrow();
    }

    private static double P50(IEnumerable<double> samples) => new Percentiles(samples).P50;
}
