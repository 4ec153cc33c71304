using System.Diagnostics;
using System.Net;
using System.Text;

namespace Noded.Benchmarks.ControlPlane;

/// <summary>Many watches of one object that is written a few times a second: how long until each of them has heard.</summary>
internal static class WatchFanout
{
    private const int Watches = 1000;
    private const int Writes = 100;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    /// <summary>Milliseconds from the begin of a write until a watch has its event, for each write and watch.</summary>
    internal static async Task<List<double>> MeasureAsync(BenchmarkApiServer server, CancellationToken cancellationToken)
    {
        using HttpClient client = server.Client();
        await BenchmarkApiServer.PostAsync(client, BenchmarkApiServer.Pods, PodDocument.Named("watched"), cancellationToken);
        long[] begun = new long[Writes];
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CountdownEvent standing = new(Watches);
        Task<List<double>>[] watches = [.. Enumerable.Range(0, Watches).Select(_ => WatchAsync(client, begun, standing, stop.Token))];
        await Task.Run(() => standing.Wait(cancellationToken), cancellationToken);

        using PeriodicTimer timer = new(Between);
        for (int i = 0; i < Writes; i++)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            Volatile.Write(ref begun[i], Stopwatch.GetTimestamp());
            await WriteAsync(client, i, cancellationToken);
        }

        return [.. (await Task.WhenAll(watches)).SelectMany(times => times)];
    }

    private static async Task WriteAsync(HttpClient client, int number, CancellationToken cancellationToken)
    {
        using StringContent patch = new(
            $$$"""{"metadata":{"annotations":{"write":"{{{number}}}"} } }""", Encoding.UTF8, "application/merge-patch+json");
        using HttpResponseMessage response =
            await client.PatchAsync($"{BenchmarkApiServer.Pods}/watched", patch, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<List<double>> WatchAsync(
        HttpClient client, long[] begun, CountdownEvent standing, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(
            HttpMethod.Get, $"{BenchmarkApiServer.Pods}?watch=true&fieldSelector=metadata.name%3Dwatched")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage response =
            await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using Stream events = await response.Content.ReadAsStreamAsync(cancellationToken);
        List<double> times = new(Writes);
        byte[] buffer = new byte[16 << 10];

        // The first line is the object as it is; then one for each write, in order.
        int lines = -1;
        while (lines < Writes)
        {
            int read = await events.ReadAsync(buffer, cancellationToken);
            long now = Stopwatch.GetTimestamp();
            int ended = buffer.AsSpan(0, read).Count((byte)'\n');
            if (read == 0)
            {
                throw new EndOfStreamException("A watch has ended.");
            }

            for (int i = 0; i < ended; i++, lines++)
            {
                if (lines < 0)
                {
                    standing.Signal();
                }
                else
                {
                    times.Add(Stopwatch.GetElapsedTime(Volatile.Read(ref begun[lines]), now).TotalMilliseconds);
                }
            }
        }

        return times;
    }
}
