using System.Collections.Immutable;
using Noded.Benchmarks.Nodes;
using Noded.Benchmarks.Reports;
using Noded.Protocols.Operator.V1;

namespace Noded.Benchmarks.Start;

/// <param name="Samples">Starts with containerd running, each beside one pod made over CRI.</param>
/// <param name="ColdSamples">Starts that have to start containerd too.</param>
/// <param name="AdoptSamples">Restarts after kill -9 with pods running.</param>
internal sealed record StartOptions(int Samples, int ColdSamples, int AdoptSamples);

/// <summary>How long a node takes from exec to its first pod, and from exec to having adopted those it had.</summary>
internal sealed class StartBenchmark(BenchmarkNode node, StartOptions options)
{
    private const string FirstPod = "exec_to_first_static_pod_running";

    private static readonly int[] AdoptedPods = [10, 100];

    // The first pod's; the floor needs it.
    private RecordedPod? _recorded;

    internal static async Task<BenchmarkReport> RunAsync(
        BenchmarkFiles files, StartOptions options, CancellationToken cancellationToken)
    {
        Machine machine = await Machine.ReadAsync(cancellationToken);
        await using BenchmarkNode node = await BenchmarkNode.StartAsync(files, cancellationToken);
        StartBenchmark benchmark = new(node, options);
        await node.StopDaemonAsync(cancellationToken);

        // The first pod of a node unpacks the image and fills the page cache: nobody's time counts.
        await benchmark.MeasureDaemonAsync("warm-up", cancellationToken);
        await benchmark.MeasureFloorAsync("warm-up", cancellationToken);

        List<double> floors = [];
        List<double> warm = [];
        for (int i = 0; i < options.Samples; i++)
        {
            floors.Add(await benchmark.MeasureFloorAsync($"floor-{i}", cancellationToken));
            warm.Add(await benchmark.MeasureDaemonAsync($"warm-{i}", cancellationToken));
        }

        List<double> cold = [];
        for (int i = 0; i < options.ColdSamples; i++)
        {
            await node.StopContainerdAsync(cancellationToken);
            cold.Add(await benchmark.MeasureDaemonAsync($"cold-{i}", cancellationToken));
        }

        List<Percentiles> adoptions = await benchmark.MeasureAdoptionsAsync(cancellationToken);
        return Report(machine, options, new Percentiles(floors), new(warm), new(cold), adoptions);
    }

    private static BenchmarkReport Report(
        Machine machine, StartOptions options, Percentiles floor, Percentiles warm, Percentiles cold, List<Percentiles> adopt)
    {
        ImmutableArray<Metric> metrics =
        [
            new($"{FirstPod}_over_floor_ms", warm.P50 - floor.P50, new Goal.AtMost(120)),
            new($"{FirstPod}_over_floor_p95_ms", warm.P95 - floor.P95),
            new($"{FirstPod}_p50_ms", warm.P50),
            new($"{FirstPod}_p95_ms", warm.P95),
            Reported($"{FirstPod}_cold_over_floor_ms", cold, samples => samples.P50 - floor.P50),
            Reported($"{FirstPod}_cold_p50_ms", cold, samples => samples.P50),
            Reported($"{FirstPod}_cold_p95_ms", cold, samples => samples.P95),
            Reported($"restart_adopt_{AdoptedPods[0]}_pods_ms", adopt[0], samples => samples.P50),
            Reported($"restart_adopt_{AdoptedPods[0]}_pods_p95_ms", adopt[0], samples => samples.P95),
            adopt[1].Count == 0
                ? Metric.Missing($"restart_adopt_{AdoptedPods[1]}_pods_ms", "no samples were asked for", new Goal.AtMost(500))
                : new($"restart_adopt_{AdoptedPods[1]}_pods_ms", adopt[1].P50, new Goal.AtMost(500)),
            Metric.Missing("install_to_ready_s", "no installer yet", new Goal.AtMost(10)),
            Metric.Missing("join_to_ready_s", "no join yet", new Goal.AtMost(5)),
        ];
        return new BenchmarkReport(
            "start", machine, options.Samples, metrics, [new("floor_p50_ms", floor.P50), new("floor_p95_ms", floor.P95)]);
    }

    private static Metric Reported(string name, Percentiles samples, Func<Percentiles, double> figure) =>
        samples.Count == 0 ? Metric.Missing(name, "no samples were asked for") : new Metric(name, figure(samples));

    /// <summary>Milliseconds from sending RunPodSandbox to the start of the container.</summary>
    private async Task<double> MeasureFloorAsync(string pod, CancellationToken cancellationToken)
    {
        using CriPods cri = new(node);
        using TaskEvents tasks = await TaskEvents.SubscribeAsync(node.Sandbox.Paths.ContainerdSocket, cancellationToken);
        Task<DateTimeOffset> started = tasks.NextContainerAsync(cancellationToken);
        DateTimeOffset sentAt = await cri.RunAsync(_recorded!, pod, cancellationToken);
        double milliseconds = (await started - sentAt).TotalMilliseconds;
        await cri.RemoveAllAsync(cancellationToken);
        return milliseconds;
    }

    /// <summary>Milliseconds from the daemon's exec, its manifest in place, to the start of the container.</summary>
    private async Task<double> MeasureDaemonAsync(string pod, CancellationToken cancellationToken)
    {
        await node.PlaceAsync(pod, PodManifest.Sleeping(pod), cancellationToken);
        Task<DateTimeOffset> started = WaitForContainerAsync(cancellationToken);
        DateTimeOffset execAt = await node.StartDaemonAsync(cancellationToken);
        double milliseconds = (await started - execAt).TotalMilliseconds;

        await node.WaitIdleAsync(cancellationToken);
        _recorded ??= await RecordedPod.ReadAsync(node, cancellationToken);
        await node.StopDaemonAsync(cancellationToken);
        node.Withdraw(pod);
        using CriPods cri = new(node);
        await cri.RemoveAllAsync(cancellationToken);
        return milliseconds;
    }

    /// <summary>Subscribes at once when containerd runs; otherwise as soon as the daemon has started it.</summary>
    private async Task<DateTimeOffset> WaitForContainerAsync(CancellationToken cancellationToken)
    {
        using TaskEvents tasks = await TaskEvents.SubscribeAsync(node.Sandbox.Paths.ContainerdSocket, cancellationToken);
        return await tasks.NextContainerAsync(cancellationToken);
    }

    /// <summary>Milliseconds from exec to the answer that all is at rest, each with the same containers as before.</summary>
    private async Task<List<Percentiles>> MeasureAdoptionsAsync(CancellationToken cancellationToken)
    {
        List<Percentiles> measured = [];
        int there = 0;
        foreach (int count in AdoptedPods)
        {
            for (; there < count && options.AdoptSamples > 0; there++)
            {
                await node.PlaceAsync($"adopt-{there}", PodManifest.Sleeping($"adopt-{there}"), cancellationToken);
            }

            measured.Add(new Percentiles(options.AdoptSamples == 0 ? [] : await MeasureAdoptionsAsync(count, cancellationToken)));
        }

        return measured;
    }

    private async Task<List<double>> MeasureAdoptionsAsync(int pods, CancellationToken cancellationToken)
    {
        List<double> milliseconds = [];
        if (!node.IsDaemonRunning)
        {
            await node.StartDaemonAsync(cancellationToken);
        }

        ImmutableSortedSet<string> before = await WaitAllRunningAsync(pods, cancellationToken);
        for (int i = 0; i < options.AdoptSamples; i++)
        {
            await node.KillDaemonAsync(cancellationToken);
            DateTimeOffset execAt = await node.StartDaemonAsync(cancellationToken);
            ImmutableSortedSet<string> after = await WaitAllRunningAsync(pods, cancellationToken);
            milliseconds.Add((TimeProvider.System.GetUtcNow() - execAt).TotalMilliseconds);
            if (!before.SetEquals(after))
            {
                throw new IOException("A restart of the daemon restarted containers.");
            }
        }

        return milliseconds;
    }

    /// <returns>The containers with their restart counts.</returns>
    private async Task<ImmutableSortedSet<string>> WaitAllRunningAsync(int wanted, CancellationToken cancellationToken)
    {
        IReadOnlyList<Pod> pods;
        do
        {
            pods = await node.WaitIdleAsync(cancellationToken);
        }
        while (pods.Count(pod => pod.Phase == "Running") < wanted);

        return [.. pods.SelectMany(pod => pod.Containers)
            .Select(container => $"{container.ContainerId} {container.RestartCount} {container.State}")];
    }
}
