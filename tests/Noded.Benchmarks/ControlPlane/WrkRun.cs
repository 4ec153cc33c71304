using System.Globalization;
using System.Text.RegularExpressions;
using Noded.Testing;

namespace Noded.Benchmarks.ControlPlane;

/// <summary>One run of wrk: the same request over 16 TLS connections, as often as the server answers.</summary>
/// <param name="PerSecond">Answers per second.</param>
/// <param name="Requests">Answers in all.</param>
internal sealed partial record WrkRun(double PerSecond, long Requests)
{
    private const string Connections = "16";

    /// <exception cref="IOException">wrk failed, or the server refused a request.</exception>
    internal static async Task<WrkRun> RunAsync(
        BenchmarkApiServer server, string path, string? body, TimeSpan time, CancellationToken cancellationToken)
    {
        string script = Path.Combine(server.Folder, "request.lua");
        string post = body is null ? "" : $"wrk.method = \"POST\"\nwrk.body = [==[{body}]==]\nwrk.headers[\"Content-Type\"] = \"application/json\"\n";
        await File.WriteAllTextAsync(script, $"{post}wrk.headers[\"Authorization\"] = \"Bearer {server.Token}\"\n", cancellationToken);
        string seconds = string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0}s");
        ProgramResult result = await ChildProcess.RunAsync(
            "wrk", ["-t1", "-c", Connections, "-d", seconds, "-s", script, new Uri(server.Address, path).ToString()], cancellationToken);
        string output = result.OrThrow().Output;
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new IOException($"Not every request of wrk was answered as it should be: {output}");
        }

        return new WrkRun(
            double.Parse(Rate.Match(output).Groups[1].Value, CultureInfo.InvariantCulture),
            long.Parse(Total.Match(output).Groups[1].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex Rate { get; }

    [GeneratedRegex(@"([0-9]+) requests in ")]
    private static partial Regex Total { get; }
}
