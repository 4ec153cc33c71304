using System.Globalization;
using Noded.Testing;

namespace Noded.Benchmarks.Dns;

/// <summary>dnsperf on a processor of its own, asking a server on another one for the address of each Service in turn.</summary>
internal sealed class DnsLoad(NodeSandbox sandbox, string queries)
{
    private const string ServerCpu = "0";
    private const string ClientCpu = "1";

    /// <summary>As many queries as the server takes.</summary>
    /// <returns>Answers per second.</returns>
    internal async Task<double> MeasureRateAsync(DnsPeer server, int seconds, CancellationToken cancellationToken)
    {
        string[] lines = await RunAsync(server, seconds, [], cancellationToken);
        return Number(lines, "Queries per second:");
    }

    /// <summary>Queries at a fixed rate, below what any server takes.</summary>
    /// <returns>How long each took, in microseconds.</returns>
    internal async Task<List<double>> MeasureLatencyAsync(
        DnsPeer server, int seconds, int rate, CancellationToken cancellationToken)
    {
        string[] lines = await RunAsync(
            server, seconds, ["-v", "-Q", rate.ToString(CultureInfo.InvariantCulture)], cancellationToken);
        return
        [
            .. lines.Where(line => line.StartsWith("> NOERROR ", StringComparison.Ordinal))
                .Select(line => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture) * 1e6),
        ];
    }

    private static double Number(string[] lines, string label) => double.Parse(
        lines.First(line => line.Contains(label, StringComparison.Ordinal))
            .Split(':')[1].Split('(')[0].Trim(),
        CultureInfo.InvariantCulture);

    private async Task<string[]> RunAsync(
        DnsPeer server, int seconds, string[] more, CancellationToken cancellationToken)
    {
        (await ChildProcess.RunAsync(
            "taskset", ["-a", "-p", "-c", ServerCpu, server.Pid.ToString(CultureInfo.InvariantCulture)], cancellationToken))
            .OrThrow();
        ProgramResult result = (await sandbox.RunAsync(
            "taskset",
            [
                "-c", ClientCpu, "dnsperf", "-s", server.Address, "-d", queries, "-c", "8", "-T", "1", "-q", "200",
                "-l", seconds.ToString(CultureInfo.InvariantCulture), .. more,
            ],
            cancellationToken)).OrThrow();
        string[] lines = result.Output.Split('\n');
        return Number(lines, "Queries lost:") * 1000 <= Number(lines, "Queries sent:")
            && lines.Any(line => line.Contains("NOERROR", StringComparison.Ordinal) && line.Contains("(100.00%)", StringComparison.Ordinal))
            ? lines
            : throw new IOException($"{server.Name} does not answer all queries well:\n{result.Output}");
    }
}
