using System.Collections.Immutable;
using Noded.Benchmarks.Nodes;
using Noded.Benchmarks.Reports;
using Noded.Testing;

namespace Noded.Benchmarks.Cni;

/// <summary>
/// What ADD and DEL of bridge with host-local cost, beside Debian's plugins and beside the bare requests: served, as on a
/// node, and, as figures that are reported, by the plugin's process alone.
/// </summary>
internal sealed class CniBenchmark(CniCaller caller, BridgeFloor floor, int samples)
{
    private const string ReferenceDirectory = "/usr/lib/cni";
    private const int WarmUps = 10;

    internal static async Task<BenchmarkReport> RunAsync(
        BenchmarkFiles files, int samples, CancellationToken cancellationToken)
    {
        Machine machine = await Machine.ReadAsync(cancellationToken);
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(cancellationToken);
        string own = Install(sandbox, files.Binary, "bin");
        string alone = Install(sandbox, files.Binary, "alone");
        await using ChildProcess server = await ServeAsync(sandbox, files.Binary, own, cancellationToken);
        await using CniCaller caller = await CniCaller.StartAsync(sandbox, cancellationToken);
        CniBenchmark benchmark = new(
            caller, await BridgeFloor.CreateAsync(sandbox, number: 9, cancellationToken), samples);

        CniSamples plain = await benchmark.MeasureAsync(
            await CniPeer.CreateAsync(sandbox, own, 1, masquerade: false, cancellationToken),
            await ReferenceAsync(sandbox, 2, masquerade: false, cancellationToken),
            cancellationToken);
        CniSamples masquerade = await benchmark.MeasureAsync(
            await CniPeer.CreateAsync(sandbox, own, 3, masquerade: true, cancellationToken),
            await ReferenceAsync(sandbox, 4, masquerade: true, cancellationToken),
            cancellationToken);
        CniSamples unserved = await benchmark.MeasureAsync(
            await CniPeer.CreateAsync(sandbox, alone, 5, masquerade: false, cancellationToken), peer: null, cancellationToken);
        return Report(machine, samples, plain, masquerade, unserved);
    }

    private static BenchmarkReport Report(
        Machine machine, int samples, CniSamples plain, CniSamples masquerade, CniSamples unserved)
    {
        ImmutableArray<Metric> metrics =
        [
            Ratio("add_vs_peer", plain.OwnAdds, plain.PeerAdds, 0.5),
            Ratio("del_vs_peer", plain.OwnDels, plain.PeerDels, 0.7),
            Ratio("add_masq_vs_peer", masquerade.OwnAdds, masquerade.PeerAdds, 0.3),
            Ratio("del_masq_vs_peer", masquerade.OwnDels, masquerade.PeerDels, 0.4),
            new("add_over_floor_ms", P50(plain.OwnAdds) - P50(plain.FloorAdds), new Goal.AtMost(6)),
            new("del_over_floor_ms", P50(plain.OwnDels) - P50(plain.FloorDels), new Goal.AtMost(6)),
            new("add_p50_ms", P50(plain.OwnAdds)),
            new("del_p50_ms", P50(plain.OwnDels)),
            new("add_masq_p50_ms", P50(masquerade.OwnAdds)),
            new("del_masq_p50_ms", P50(masquerade.OwnDels)),
            new("add_alone_p50_ms", P50(unserved.OwnAdds)),
            new("del_alone_p50_ms", P50(unserved.OwnDels)),
        ];
        return new BenchmarkReport(
            "cni",
            machine,
            samples,
            metrics,
            [
                Peer("peer_add_p50_ms", plain.PeerAdds),
                Peer("peer_del_p50_ms", plain.PeerDels),
                Peer("peer_add_masq_p50_ms", masquerade.PeerAdds),
                Peer("peer_del_masq_p50_ms", masquerade.PeerDels),
                new("floor_add_p50_ms", P50(plain.FloorAdds)),
                new("floor_del_p50_ms", P50(plain.FloorDels)),
            ]);
    }

    private const string NoPeer = "the package containernetworking-plugins is missing";

    private static Metric Ratio(string name, List<double> own, List<double> peer, double goal) => peer.Count == 0
        ? Metric.Missing(name, NoPeer, new Goal.AtMost(goal))
        : new Metric(name, own.Sum() / peer.Sum(), new Goal.AtMost(goal));

    private static Metric Peer(string name, List<double> samples) =>
        samples.Count == 0 ? Metric.Missing(name, NoPeer) : new Metric(name, P50(samples));

    private static double P50(List<double> samples) => new Percentiles(samples).P50;

    /// <summary>As on a node: the daemon does what its plugins are asked for.</summary>
    private static async Task<ChildProcess> ServeAsync(
        NodeSandbox sandbox, string binary, string pluginDirectory, CancellationToken cancellationToken)
    {
        string socket = Path.Combine(pluginDirectory, "noded.sock");
        ChildProcess server = await sandbox.StartAsync(binary, ["cni", "serve", "--socket", socket], cancellationToken);

        // It says so once it listens.
        await server.Output.ReadAsync(cancellationToken);
        return server;
    }

    private static string Install(NodeSandbox sandbox, string binary, string name)
    {
        string directory = Path.Combine(sandbox.Root, name);
        Directory.CreateDirectory(directory);

        foreach (string plugin in (string[])["bridge", "host-local"])
        {
            File.CreateSymbolicLink(Path.Combine(directory, plugin), binary);
        }

        return directory;
    }

    private static async Task<CniPeer?> ReferenceAsync(
        NodeSandbox sandbox, int number, bool masquerade, CancellationToken cancellationToken) =>
        File.Exists(Path.Combine(ReferenceDirectory, "bridge"))
            ? await CniPeer.CreateAsync(sandbox, ReferenceDirectory, number, masquerade, cancellationToken)
            : null;

    /// <summary>Ours, the peer's and the bare requests in turn: what the machine does meanwhile hits all of them.</summary>
    private async Task<CniSamples> MeasureAsync(CniPeer own, CniPeer? peer, CancellationToken cancellationToken)
    {
        CniSamples taken = new();
        await caller.CallAsync("ADD", own.Neighbour, cancellationToken);

        if (peer is not null)
        {
            await caller.CallAsync("ADD", peer.Neighbour, cancellationToken);
        }

        for (int i = -WarmUps; i < samples; i++)
        {
            CniSamples into = i < 0 ? new CniSamples() : taken;
            into.OwnAdds.Add(await caller.CallAsync("ADD", own, cancellationToken));
            into.FloorAdds.Add(floor.Add());

            if (peer is not null)
            {
                into.PeerAdds.Add(await caller.CallAsync("ADD", peer, cancellationToken));
            }

            into.OwnDels.Add(await caller.CallAsync("DEL", own, cancellationToken));
            into.FloorDels.Add(floor.Del());

            if (peer is not null)
            {
                into.PeerDels.Add(await caller.CallAsync("DEL", peer, cancellationToken));
            }
        }

        return taken;
    }

    /// <summary>Milliseconds each.</summary>
    private sealed class CniSamples
    {
        internal List<double> OwnAdds { get; } = [];

        internal List<double> OwnDels { get; } = [];

        internal List<double> PeerAdds { get; } = [];

        internal List<double> PeerDels { get; } = [];

        internal List<double> FloorAdds { get; } = [];

        internal List<double> FloorDels { get; } = [];
    }
}
