using System.Globalization;
using Prometheus;

namespace Noded.Hosting;

/// <summary>What this process itself uses, by the names that every Prometheus client has for it (proc_pid_stat(5)).</summary>
internal static class ProcessMetrics
{
    private const double TicksPerSecond = 100;

    internal static void Register(CollectorRegistry registry)
    {
        MetricFactory factory = Prometheus.Metrics.WithCustomRegistry(registry);
        Counter cpu = factory.CreateCounter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
        Gauge open = factory.CreateGauge("process_open_fds", "Number of open file descriptors.");
        Gauge most = factory.CreateGauge("process_max_fds", "Maximum number of open file descriptors.");
        Gauge size = factory.CreateGauge("process_virtual_memory_bytes", "Virtual memory size in bytes.");
        Gauge resident = factory.CreateGauge("process_resident_memory_bytes", "Resident memory size in bytes.");
        Gauge start = factory.CreateGauge(
            "process_start_time_seconds", "Start time of the process since unix epoch in seconds.");

        registry.AddBeforeCollectCallback(() =>
        {
            string text = File.ReadAllText("/proc/self/stat");

            // The name, the second field, may have anything in it but ends at the last parenthesis; [0] is the third.
            double[] stat = [.. text[(text.LastIndexOf(')') + 4)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(field => double.Parse(field, CultureInfo.InvariantCulture))];
            cpu.IncTo((stat[Field(14)] + stat[Field(15)]) / TicksPerSecond);
            start.Set(ReadBootTime() + (stat[Field(22)] / TicksPerSecond));
            size.Set(stat[Field(23)]);
            resident.Set(stat[Field(24)] * Environment.SystemPageSize);
            open.Set(Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
            most.Set(ReadFileLimit());
        });
    }

    /// <summary>Where a field of proc_pid_stat(5), which counts from 1, is once name and state are cut off.</summary>
    private static int Field(int number) => number - 4;

    private static double ReadBootTime() => double.Parse(
        File.ReadLines("/proc/stat").First(line => line.StartsWith("btime ", StringComparison.Ordinal))["btime ".Length..],
        CultureInfo.InvariantCulture);

    private static double ReadFileLimit()
    {
        const string name = "Max open files";
        string soft = File.ReadLines("/proc/self/limits").First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return soft == "unlimited" ? double.PositiveInfinity : double.Parse(soft, CultureInfo.InvariantCulture);
    }
}
