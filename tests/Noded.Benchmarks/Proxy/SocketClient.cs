using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Noded.Benchmarks.Proxy;

/// <summary>Blocking sockets, one at a time, to targets in an order that is the same in every run.</summary>
internal sealed class SocketClient(IPEndPoint[] targets)
{
    internal const int MessageLength = 64;

    private const long NanosecondsPerSecond = 1_000_000_000;

    // A reset at the end; see the server.
    private static readonly LingerOption Reset = new(enable: true, seconds: 0);

    private readonly Random _random = new(1);
    private readonly byte[] _message = new byte[MessageLength];

    /// <summary>connect() again and again.</summary>
    /// <returns>How long each took, in nanoseconds.</returns>
    internal long[] Connect(int count)
    {
        long[] samples = new long[count];
        for (int i = 0; i < count; i++)
        {
            using Socket socket = Open();
            IPEndPoint target = Next();
            long start = Stopwatch.GetTimestamp();
            socket.Connect(target);
            // Not by a TimeSpan, which counts in 100 ns.
            samples[i] = (Stopwatch.GetTimestamp() - start) * NanosecondsPerSecond / Stopwatch.Frequency;
        }

        return samples;
    }

    /// <summary>Connects, asks, is answered and closes.</summary>
    /// <returns>How many of that in a second.</returns>
    internal double ConnectRequestClose(TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            using Socket socket = Open();
            socket.Connect(Next());
            Ask(socket);
            count++;
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Asks on one connection.</summary>
    /// <returns>How many answers in a second.</returns>
    internal double KeepAlive(TimeSpan duration)
    {
        using Socket socket = Open();
        socket.Connect(Next());
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        for (; Stopwatch.GetElapsedTime(start) < duration; count++)
        {
            Ask(socket);
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Connects until it is told to stop.</summary>
    internal (long Connects, long Failed) Hammer(CancellationToken cancellationToken)
    {
        (long connects, long failed) = (0, 0);
        for (; !cancellationToken.IsCancellationRequested; connects++)
        {
            using Socket socket = Open();
            try
            {
                socket.Connect(Next());
            }
            catch (SocketException)
            {
                failed++;
            }
        }

        return (connects, failed);
    }

    /// <summary>Connects to the first target.</summary>
    /// <returns>The endpoint: with a range of addresses as one's own, a connection to one of them also comes from it.</returns>
    internal IPAddress FindBackend()
    {
        using Socket socket = Open();
        socket.Connect(targets[0]);
        return ((IPEndPoint)socket.LocalEndPoint!).Address; // connected, so it has one
    }

    private static Socket Open() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        LingerState = Reset,
        NoDelay = true,
    };

    private IPEndPoint Next() => targets[_random.Next(targets.Length)];

    private void Ask(Socket socket)
    {
        socket.Send(_message);
        for (int received = 0; received < MessageLength;)
        {
            int length = socket.Receive(_message);
            received += length > 0 ? length : throw new IOException("The server closed the connection.");
        }
    }
}
