using System.Collections.Immutable;
using System.Globalization;
using Noded.Benchmarks.Nodes;
using Noded.Benchmarks.Reports;
using Noded.Testing;

namespace Noded.Benchmarks.Pods;

/// <param name="Samples">Pods that start and stop one after the other, on the node and over CRI alone.</param>
/// <param name="Burst">Pods that start at the same time.</param>
internal sealed record PodsOptions(int Samples, int Burst);

/// <summary>
/// What a pod's start and stop cost beyond what the runtime needs. Two nodes side by side: one with its daemon, one whose
/// containerd gets the same requests from here.
/// </summary>
internal sealed class PodsBenchmark(BenchmarkNode node, BenchmarkNode bare, RecordedPod recorded, PodsOptions options)
{
    /// <summary>The test image ends at once on SIGTERM, so this is never waited for.</summary>
    private const long GracePeriod = 30;

    private const int BurstRounds = 3;

    private static readonly int[] Parallelisms = [1, 2, 4, 8, 16];

    internal static async Task<BenchmarkReport> RunAsync(
        BenchmarkFiles files, PodsOptions options, CancellationToken cancellationToken)
    {
        Machine machine = await Machine.ReadAsync(cancellationToken);
        await using BenchmarkNode node = await BenchmarkNode.StartAsync(files, cancellationToken);
        await using BenchmarkNode bare = await BenchmarkNode.StartAsync(files, cancellationToken);
        await bare.StopDaemonAsync(cancellationToken);
        RecordedPod recorded = await RecordAsync(node, cancellationToken);
        return await new PodsBenchmark(node, bare, recorded, options).MeasureAsync(machine, cancellationToken);
    }

    private static async Task<RecordedPod> RecordAsync(BenchmarkNode node, CancellationToken cancellationToken)
    {
        const string pod = "recorded";
        using CriPods cri = new(node);
        using TaskEvents tasks = await TaskEvents.SubscribeAsync(node.Sandbox.Paths.ContainerdSocket, cancellationToken);
        await node.PlaceAsync(pod, PodManifest.Sleeping(pod), cancellationToken);
        await tasks.NextContainerAsync(cancellationToken);
        await node.WaitIdleAsync(cancellationToken);
        RecordedPod recorded = await RecordedPod.ReadAsync(node, cancellationToken);

        string sandbox = await cri.ReadySandboxAsync(pod, cancellationToken);
        node.Withdraw(pod);
        await tasks.WaitForExitAsync(sandbox, cancellationToken);
        await node.WaitIdleAsync(cancellationToken);
        return recorded;
    }

    private async Task<BenchmarkReport> MeasureAsync(Machine machine, CancellationToken cancellationToken)
    {
        List<double> floorStarts = [];
        List<double> floorStops = [];
        List<double> starts = [];
        List<double> stops = [];
        for (int i = -1; i < options.Samples; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"pod{i + 1}");
            (double floorStart, double floorStop) = await MeasureFloorAsync(name, cancellationToken);
            (double start, double stop) = await MeasureNodeAsync(name, cancellationToken);
            if (i >= 0)
            {
                // The first unpacks the image and fills the page cache.
                floorStarts.Add(floorStart);
                floorStops.Add(floorStop);
                starts.Add(start);
                stops.Add(stop);
            }
        }

        (Percentiles floorBurst, Percentiles burst) = await MeasureBurstsAsync(cancellationToken);
        List<double> inARow = await MeasureInARowAsync("row", cancellationToken);
        List<double> besideHung = await MeasureBesideHungAsync(cancellationToken);
        return Report(
            machine, new Percentiles(floorStarts), new(floorStops), new(starts), new(stops), floorBurst.P50, burst.P50, new(inARow), new(besideHung));
    }

    private BenchmarkReport Report(
        Machine machine,
        Percentiles floorStart,
        Percentiles floorStop,
        Percentiles start,
        Percentiles stop,
        double floorBurst,
        double burst,
        Percentiles inARow,
        Percentiles besideHung)
    {
        ImmutableArray<Metric> metrics =
        [
            new("start_over_floor_p50_ms", start.P50 - floorStart.P50, new Goal.AtMost(25)),
            new("start_over_floor_p95_ms", start.P95 - floorStart.P95, new Goal.AtMost(80)),
            new(string.Create(CultureInfo.InvariantCulture, $"burst{options.Burst}_vs_floor"), burst / floorBurst, new Goal.AtLeast(0.9)),
            new("stop_over_floor_p50_ms", stop.P50 - floorStop.P50, new Goal.AtMost(50)),
            new("start_p50_ms", start.P50),
            new("start_p95_ms", start.P95),
            new("stop_p50_ms", stop.P50),
            new("burst_pods_per_s", burst),
            new("start_in_a_row_p50_ms", inARow.P50),
            new("start_in_a_row_p95_ms", inARow.P95),
            new("start_beside_hung_p50_ms", besideHung.P50),
            new("start_beside_hung_p95_ms", besideHung.P95),
        ];
        return new BenchmarkReport(
            "pods",
            machine,
            options.Samples,
            metrics,
            [
                new("floor_p50_ms", floorStart.P50), new("floor_p95_ms", floorStart.P95), new("floor_stop_p50_ms", floorStop.P50),
                new("floor_burst_pods_per_s", floorBurst),
            ]);
    }

    private async Task<(double Start, double Stop)> MeasureFloorAsync(string pod, CancellationToken cancellationToken)
    {
        using CriPods cri = new(bare);
        using TaskEvents tasks = await TaskEvents.SubscribeAsync(bare.Sandbox.Paths.ContainerdSocket, cancellationToken);
        Task<DateTimeOffset> started = tasks.NextContainerAsync(cancellationToken);
        DateTimeOffset sentAt = await cri.RunAsync(recorded, pod, cancellationToken);
        double start = (await started - sentAt).TotalMilliseconds;
        TimeSpan stop = await cri.StopAllAsync(GracePeriod, cancellationToken);
        await cri.RemoveAllAsync(cancellationToken);
        return (start, stop.TotalMilliseconds);
    }

    /// <summary>Starts beside a pod whose volume is below a mount that never answers.</summary>
    private async Task<List<double>> MeasureBesideHungAsync(CancellationToken cancellationToken)
    {
        const string hanging = "/run/hanging";
        (await node.Sandbox.RunAsync("mkdir", [hanging], cancellationToken)).OrThrow();
        await using ChildProcess server = await node.Sandbox.StartAsync(
            Path.Combine(RepositoryRoot.Find(), "artifacts/images/testimage"), ["hang-mount", hanging], cancellationToken);
        await server.Output.WaitForLineAsync($"hanging {hanging}", cancellationToken);
        await node.PlaceAsync("hung", PodManifest.Mounting("hung", $"{hanging}/inside"), cancellationToken);

        List<double> starts = await MeasureInARowAsync("beside", cancellationToken);
        node.Withdraw("hung");
        return starts;
    }

    /// <summary>Starts that do not wait for the node's rest, which it does not come to while a pod hangs.</summary>
    private async Task<List<double>> MeasureInARowAsync(string prefix, CancellationToken cancellationToken)
    {
        List<double> starts = [];
        for (int i = 0; i < options.Samples; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{prefix}{i}");
            (double start, _) = await MeasureNodeAsync(name, cancellationToken, awaitsRest: false);
            starts.Add(start);
        }

        return starts;
    }

    /// <summary>From the manifest's rename to the start of the container; from its unlink to the sandbox's end.</summary>
    /// <param name="awaitsRest">Not when a pod hangs: then there is no rest.</param>
    private async Task<(double Start, double Stop)> MeasureNodeAsync(
        string pod, CancellationToken cancellationToken, bool awaitsRest = true)
    {
        using CriPods cri = new(node);
        using TaskEvents tasks = await TaskEvents.SubscribeAsync(node.Sandbox.Paths.ContainerdSocket, cancellationToken);
        Task<DateTimeOffset> started = tasks.NextContainerAsync(cancellationToken);
        DateTimeOffset placedAt = TimeProvider.System.GetUtcNow();
        await node.PlaceAsync(pod, PodManifest.Sleeping(pod), cancellationToken);
        double start = (await started - placedAt).TotalMilliseconds;
        await RestAsync();

        string sandbox = await cri.ReadySandboxAsync(pod, cancellationToken);
        long withdrawn = TimeProvider.System.GetTimestamp();
        node.Withdraw(pod);
        await tasks.WaitForExitAsync(sandbox, cancellationToken);
        while (await cri.IsReadyAsync(sandbox, cancellationToken))
        {
            // A moment only, and not before: to ask all the time would take a core from what is measured.
        }

        double stop = TimeProvider.System.GetElapsedTime(withdrawn).TotalMilliseconds;
        await RestAsync();
        return (start, stop);

        Task RestAsync() => awaitsRest ? node.WaitIdleAsync(cancellationToken) : Task.CompletedTask;
    }

    /// <summary>
    /// The floor at the parallelism that is its best on this machine, in turns with the node: the machine's own speed
    /// changes from minute to minute.
    /// </summary>
    private async Task<(Percentiles Floor, Percentiles Node)> MeasureBurstsAsync(CancellationToken cancellationToken)
    {
        Dictionary<int, double> floors = [];
        foreach (int parallelism in Parallelisms)
        {
            floors[parallelism] = await MeasureFloorBurstAsync(parallelism, cancellationToken);
        }

        int best = floors.MaxBy(floor => floor.Value).Key;
        List<double> floor = [];
        List<double> bursts = [];
        for (int i = 0; i < BurstRounds; i++)
        {
            bursts.Add(await MeasureNodeBurstAsync(cancellationToken));
            floor.Add(await MeasureFloorBurstAsync(best, cancellationToken));
        }

        return (new Percentiles(floor), new Percentiles(bursts));
    }

    /// <summary>Pods per second until all containers have started.</summary>
    private async Task<double> MeasureFloorBurstAsync(int parallelism, CancellationToken cancellationToken)
    {
        using CriPods cri = new(bare);
        long start = TimeProvider.System.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, options.Burst),
            new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken },
            async (i, token) => await cri.RunAsync(
                recorded, string.Create(CultureInfo.InvariantCulture, $"burst{parallelism}-{i}"), token));
        double seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        await cri.StopAllAsync(GracePeriod, cancellationToken);
        await cri.RemoveAllAsync(cancellationToken);
        return options.Burst / seconds;
    }

    private async Task<double> MeasureNodeBurstAsync(CancellationToken cancellationToken)
    {
        using TaskEvents tasks = await TaskEvents.SubscribeAsync(node.Sandbox.Paths.ContainerdSocket, cancellationToken);
        DateTimeOffset placedAt = TimeProvider.System.GetUtcNow();
        string[] names = [.. Enumerable.Range(0, options.Burst).Select(i => string.Create(CultureInfo.InvariantCulture, $"burst{i}"))];
        foreach (string name in names)
        {
            await node.PlaceAsync(name, PodManifest.Sleeping(name), cancellationToken);
        }

        DateTimeOffset last = placedAt;
        for (int i = 0; i < options.Burst; i++)
        {
            last = await tasks.NextContainerAsync(cancellationToken);
        }

        foreach (string name in names)
        {
            node.Withdraw(name);
        }

        await node.WaitIdleAsync(cancellationToken);
        return options.Burst / (last - placedAt).TotalSeconds;
    }
}
