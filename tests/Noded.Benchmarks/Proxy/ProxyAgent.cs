using System.Diagnostics;
using System.Globalization;
using System.Net;
using Noded.Bpf;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.Benchmarks.Proxy;

/// <summary>The part of the benchmark that runs in the sandbox: commands on standard input, one line of answer each.</summary>
internal sealed class ProxyAgent
{
    private (CancellationTokenSource Stop, Task<(long Connects, long Failed)> Result)? _hammer;

    internal static async Task<int> RunAsync(TextReader input, TextWriter output)
    {
        ProxyAgent agent = new();
        while (await input.ReadLineAsync() is string line)
        {
            await output.WriteLineAsync(await agent.ExecuteAsync(line.Split(' ')));
            await output.FlushAsync();
        }

        return 0;
    }

    private async Task<string> ExecuteAsync(string[] words)
    {
        switch (words)
        {
            case ["connect", string kind, string services, string count]:
                return string.Join(' ', Client(kind, services).Connect(Number(count)));
            case ["crr", string kind, string services, string milliseconds]:
                return Text(Client(kind, services).ConnectRequestClose(Duration(milliseconds)));
            case ["keepalive", string kind, string services, string milliseconds]:
                return Text(Client(kind, services).KeepAlive(Duration(milliseconds)));
            case ["hammer", string services]:
                CancellationTokenSource stop = new();
                SocketClient client = Client("service", services);
                _hammer = (stop, Task.Run(() => client.Hammer(stop.Token), CancellationToken.None));
                return "ok";
            case ["hammer-end"] when _hammer is { } hammer:
                await hammer.Stop.CancelAsync();
                (long connects, long failed) = await hammer.Result;
                hammer.Stop.Dispose();
                return string.Create(CultureInfo.InvariantCulture, $"{connects} {failed}");
            case ["change", string pins, string services, string count]:
                return string.Join(' ', Change(pins, Number(services), Number(count)).Select(Text));
            case ["attach-links", string pins, string uplink, string pod]:
                AttachLinks(pins, uplink, pod);
                return "ok";
            case ["receive", string link, string frame, string milliseconds]:
                return string.Join(' ', Receive(link, Convert.FromHexString(frame), Duration(milliseconds)).Select(Text));
            case ["cold-start", string pins, string services, string cgroup]:
                return string.Join(' ', (await MeasureColdStartAsync(pins, Number(services), cgroup)).Select(Text));
            case ["memory", string pins, string services]:
                return Text(MeasureMemory(pins, Number(services)));
            default:
                throw new ArgumentException($"unknown command {words[0]}");
        }
    }

    private static SocketClient Client(string kind, string services)
    {
        IEnumerable<int> numbers = Enumerable.Range(0, Number(services));
        IEnumerable<IPEndPoint> targets = kind == "service"
            ? numbers.Select(BenchmarkServices.Frontend)
            : numbers.SelectMany(service => Enumerable
                .Range(service * BenchmarkServices.Endpoints, BenchmarkServices.Endpoints)
                .Select(BenchmarkServices.Backend));
        return new SocketClient([.. targets]);
    }

    /// <summary>Leads a Service to one endpoint and on to the next, and connects until the connection is there.</summary>
    /// <returns>Microseconds from before the change to the end of the first connect() that met it.</returns>
    private static IEnumerable<double> Change(string pins, int services, int count)
    {
        using SocketDatapath datapath = SocketDatapath.Open(pins, new DatapathOptions());
        using GraceBarrier barrier = new();
        ServiceTables tables = new(datapath.Maps, barrier.Wait);
        Random random = new(1);
        for (int i = 0; i < count; i++)
        {
            int service = random.Next(services);
            ServicePlan plan = BenchmarkServices.Plan(service);
            // One endpoint, so that every connection tells which list it has used.
            Backend next = new(
                BenchmarkServices.BackendAddress((services * BenchmarkServices.Endpoints) + i), BenchmarkServices.BackendPort);
            SocketClient client = new([BenchmarkServices.Frontend(service)]);
            long start = Stopwatch.GetTimestamp();
            tables.Apply(plan with { Cluster = [next] });
            while (!client.FindBackend().Equals(next.Address))
            {
            }

            yield return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
    }

    private static void AttachLinks(string pins, string uplink, string pod)
    {
        using PacketDatapath packets = PacketDatapath.Open(pins, MarkRules.Marks, FeatureProbe.BestLinkHook());
        packets.AttachUplink(IndexOf(uplink));
        packets.AttachPod(IndexOf(pod));
        new MarkRules("bench-services").Ensure();
    }

    /// <returns>Frames that the stack took in a second, and in all.</returns>
    private static double[] Receive(string link, byte[] frame, TimeSpan duration)
    {
        const int burst = 16_384;
        using PacketSource source = PacketSource.Load(frame);
        int index = IndexOf(link);
        long start = Stopwatch.GetTimestamp();
        long count = 0;
        for (; Stopwatch.GetElapsedTime(start) < duration; count += burst)
        {
            source.Program.Receive(frame, index, burst);
        }

        return [count / Stopwatch.GetElapsedTime(start).TotalSeconds, count];
    }

    private static int IndexOf(string link)
    {
        using RtNetlink netlink = RtNetlink.Open();
        return netlink.GetLink(link).Index;
    }

    /// <summary>From no map at all until programs are attached and every Service is in the tables.</summary>
    /// <returns>Milliseconds of all, and of the part that wrote the tables.</returns>
    private static async Task<double[]> MeasureColdStartAsync(string pins, int services, string cgroup)
    {
        ServicePlan[] plans = [.. Enumerable.Range(0, services).Select(service => BenchmarkServices.Plan(service))];
        using GraceBarrier barrier = new();
        long start = Stopwatch.GetTimestamp();
        try
        {
            using SocketDatapath datapath = SocketDatapath.OpenMaps(pins, new DatapathOptions());
            TimeSpan opened = Stopwatch.GetElapsedTime(start);
            Task loaded = Task.Run(datapath.Load);
            ServiceTables tables = new(datapath.Maps, barrier.Wait);
            tables.Reserve(plans.Length);
            Array.ForEach(plans, plan => tables.Apply(plan));
            TimeSpan filled = Stopwatch.GetElapsedTime(start);
            await loaded;
            datapath.Attach(cgroup);
            return [Stopwatch.GetElapsedTime(start).TotalMilliseconds, (filled - opened).TotalMilliseconds];
        }
        finally
        {
            SocketDatapath.RemovePins(pins);
        }
    }

    /// <summary>MiB that are no file's, of the tables' own books and the plans that a daemon keeps.</summary>
    private static double MeasureMemory(string pins, int services)
    {
        using SocketDatapath datapath = SocketDatapath.Open(pins, new DatapathOptions());
        using GraceBarrier barrier = new();
        ServiceTables tables = new(datapath.Maps, barrier.Wait);
        tables.Apply(BenchmarkServices.Plan(0));
        double before = ReadAnonymous();
        List<ServicePlan> plans = [.. Enumerable.Range(0, services).Select(service => BenchmarkServices.Plan(service))];
        plans.ForEach(plan => tables.Apply(plan));
        double added = ReadAnonymous() - before;
        GC.KeepAlive(plans);
        GC.KeepAlive(tables);
        return added;
    }

    private static double ReadAnonymous()
    {
        const double kibPerMib = 1024;
        // As the daemon does after its start.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1]) / kibPerMib;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static TimeSpan Duration(string milliseconds) => TimeSpan.FromMilliseconds(Number(milliseconds));
}
