using System.CommandLine;
using Noded.Benchmarks.Cni;
using Noded.Benchmarks.ControlPlane;
using Noded.Benchmarks.Dns;
using Noded.Benchmarks.Idle;
using Noded.Benchmarks.Nodes;
using Noded.Benchmarks.Pods;
using Noded.Benchmarks.Proxy;
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

Option<int> connects = Number("--connects", "Connects of each kind", 200_000);
Option<int> proxyWindow = Number("--window", "Milliseconds of each load", 1000);
Option<int> changes = Number("--changes", "Changes of endpoints while connects run; 0 for what a minute takes", 0);
Option<int> peerSeconds = Number("--peer-seconds", "Limit for loading the rules of a peer", 240);
Option<string> part = new("--part") { Description = "Nothing but that part" };
part.AcceptOnlyFromAmong([.. ProxyBenchmark.Parts]);
Command proxy = new("proxy", "What the service proxy costs") { connects, proxyWindow, changes, peerSeconds, part };
proxy.SetAction((parsed, cancellationToken) => PublishFromAsync(
    BenchmarkFiles.FindReportDirectory,
    (_, token) => ProxyBenchmark.RunAsync(
        new ProxyOptions(
            parsed.GetRequiredValue(connects),
            TimeSpan.FromMilliseconds(parsed.GetRequiredValue(proxyWindow)),
            parsed.GetRequiredValue(changes),
            TimeSpan.FromSeconds(parsed.GetRequiredValue(peerSeconds)),
            parsed.GetValue(part)),
        Console.Out,
        token),
    reports => reports,
    cancellationToken));

// What the benchmark of the proxy starts inside its sandboxes.
Command proxyServer = new("proxy-server") { Hidden = true };
proxyServer.SetAction(_ => SocketServer.Run(Console.Out));
Command proxyAgent = new("proxy-agent") { Hidden = true };
proxyAgent.SetAction((_, _) => ProxyAgent.RunAsync(Console.In, Console.Out));

return await new RootCommand("noded's benchmarks; they need root")
{
    start, idle, cni, pods, controlPlane, dns, proxy, proxyServer, proxyAgent,
}.Parse(args).InvokeAsync();

static Option<int> Number(string name, string description, int value) =>
    new(name) { Description = description, DefaultValueFactory = _ => value };

static Task<int> PublishAsync(
    Func<BenchmarkFiles, CancellationToken, Task<BenchmarkReport>> run, CancellationToken cancellationToken) =>
    PublishFromAsync(BenchmarkFiles.Find, run, files => files.ReportDirectory, cancellationToken);

static async Task<int> PublishFromAsync<T>(
    Func<T> find,
    Func<T, CancellationToken, Task<BenchmarkReport>> run,
    Func<T, string> directoryOf,
    CancellationToken cancellationToken)
{
    // No benchmark may take longer; a pod that never starts would keep one waiting for ever.
    using CancellationTokenSource limit = new(TimeSpan.FromMinutes(25), TimeProvider.System);
    using CancellationTokenSource either =
        CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
    try
    {
        T files = find();
        BenchmarkReport report = await run(files, either.Token);
        await report.PublishAsync(directoryOf(files), Console.Out, cancellationToken);
        return 0;
    }
    catch (FileNotFoundException e)
    {
        await Console.Error.WriteLineAsync(e.Message);
        return 1;
    }
}
