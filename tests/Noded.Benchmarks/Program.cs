using System.CommandLine;
using Noded.Benchmarks.Cni;
using Noded.Benchmarks.ControlPlane;
using Noded.Benchmarks.Dns;
using Noded.Benchmarks.Idle;
using Noded.Benchmarks.Nodes;
using Noded.Benchmarks.Pods;
using Noded.Benchmarks.Reports;
using Noded.Benchmarks.Start;

// Measures the published binary; each verb is one `make bench-…` and writes one file below artifacts/bench.
Option<int> samples = Number("--samples", "Starts with containerd running", 20);
Option<int> coldSamples = Number("--cold-samples", "Starts that start containerd too", 5);
Option<int> adoptSamples = Number("--adopt-samples", "Restarts with 10 pods running", 5);
Command start = new("start", "From exec to the first running pod") { samples, coldSamples, adoptSamples };
start.SetAction((parsed, cancellationToken) => PublishAsync(
    (files, token) => StartBenchmark.RunAsync(
        files,
        new StartOptions(
            parsed.GetRequiredValue(samples), parsed.GetRequiredValue(coldSamples), parsed.GetRequiredValue(adoptSamples)),
        token),
    cancellationToken));

Option<int> seconds = Number("--seconds", "Length of the window", 300);
Option<int> quiet = Number("--quiet", "Seconds of rest before it", 120);
Command idle = new("idle", "What a node costs that has nothing to do") { seconds, quiet };
idle.SetAction((parsed, cancellationToken) => PublishAsync(
    (files, token) => IdleBenchmark.RunAsync(
        files,
        new IdleOptions(
            TimeSpan.FromSeconds(parsed.GetRequiredValue(seconds)), TimeSpan.FromSeconds(parsed.GetRequiredValue(quiet))),
        Console.Out,
        token),
    cancellationToken));

Option<int> podSamples = Number("--samples", "Pods that start and stop one after the other", 100);
Option<int> burst = Number("--burst", "Pods that start at the same time", 100);
Command pods = new("pods", "What a pod's start and stop cost beyond the runtime's part") { podSamples, burst };
pods.SetAction((parsed, cancellationToken) => PublishAsync(
    (files, token) => PodsBenchmark.RunAsync(
        files, new PodsOptions(parsed.GetRequiredValue(podSamples), parsed.GetRequiredValue(burst)), token),
    cancellationToken));

Option<int> calls = Number("--samples", "ADDs and DELs of each", 200);
Command cni = new("cni", "What a call of the CNI plugins costs") { calls };
cni.SetAction((parsed, cancellationToken) => PublishAsync(
    (files, token) => CniBenchmark.RunAsync(files, parsed.GetRequiredValue(calls), token), cancellationToken));

Option<int> window = Number("--seconds", "How long each request is repeated", 15);
Command controlPlane = new("control-plane", "What the API server does in a second") { window };
controlPlane.SetAction((parsed, cancellationToken) => PublishAsync(
    (files, token) => ControlPlaneBenchmark.RunAsync(
        files.Binary, new ControlPlaneOptions(TimeSpan.FromSeconds(parsed.GetRequiredValue(window))), token),
    cancellationToken));

Option<int> dnsSeconds = Number("--seconds", "Length of each load", 5);
Command dns = new("dns", "What the cluster's DNS server answers") { dnsSeconds };
dns.SetAction((parsed, cancellationToken) => PublishAsync(
    (files, token) => DnsBenchmark.RunAsync(files, parsed.GetRequiredValue(dnsSeconds), token), cancellationToken));

return await new RootCommand("noded's benchmarks; they need root") { start, idle, cni, pods, controlPlane, dns }.Parse(args).InvokeAsync();

static Option<int> Number(string name, string description, int value) =>
    new(name) { Description = description, DefaultValueFactory = _ => value };

static async Task<int> PublishAsync(
    Func<BenchmarkFiles, CancellationToken, Task<BenchmarkReport>> run, CancellationToken cancellationToken)
{
    // No benchmark may take longer; a pod that never starts would keep one waiting for ever.
    using CancellationTokenSource limit = new(TimeSpan.FromMinutes(25), TimeProvider.System);
    using CancellationTokenSource either =
        CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
    try
    {
        BenchmarkFiles files = BenchmarkFiles.Find();
        BenchmarkReport report = await run(files, either.Token);
        await report.PublishAsync(files.ReportDirectory, Console.Out, cancellationToken);
        return 0;
    }
    catch (FileNotFoundException e)
    {
        await Console.Error.WriteLineAsync(e.Message);
        return 1;
    }
}
