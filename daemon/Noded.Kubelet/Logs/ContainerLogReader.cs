using System.Buffers;
using Noded.Linux;
using Noded.Linux.Events;

namespace Noded.Kubelet.Logs;

/// <summary>Which part of a container's log to read.</summary>
/// <param name="Tail">The last so many lines; null for all.</param>
/// <param name="Timestamps">Keep the time in front of each line.</param>
public sealed record LogOptions(int? Tail, bool Follow, bool Timestamps);

/// <summary>
/// Reads a log in CRI's format, <c>TIME STREAM TAG CONTENT</c> a line (tag P: the line goes on in the next one), and
/// writes its content.
/// </summary>
public sealed class ContainerLogReader(Inotify inotify, TimeProvider clock)
{
    private const int ChunkSize = 64 * 1024;
    private static readonly TimeSpan QuietPeriod = TimeSpan.FromSeconds(1);

    /// <param name="isRunning">Whether the container may still write; following ends when it does not.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task ReadAsync(
        string file, LogOptions options, Func<bool> isRunning, Stream output, CancellationToken cancellationToken)
    {
        await using FileStream log = new(
            file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, ChunkSize, useAsync: false);
        using InotifyWatch? watch = options.Follow ? WatchOrNull(file) : null;
        if (options.Tail is { } lines)
        {
            log.Position = FindTail(log, lines);
        }

        CriLogLines parser = new(options.Timestamps);
        ArrayBufferWriter<byte> content = new();
        byte[] chunk = new byte[ChunkSize];
        while (true)
        {
            bool wasRunning = isRunning();
            int length = log.Read(chunk);
            if (length > 0)
            {
                parser.Append(chunk.AsSpan(0, length), content);
                await output.WriteAsync(content.WrittenMemory, cancellationToken);
                content.ResetWrittenCount();
            }
            else if (watch is null || !wasRunning)
            {
                parser.Complete(content);
                await output.WriteAsync(content.WrittenMemory, cancellationToken);
                return;
            }
            else
            {
                // The time limit notices a container that ended without a last word.
                using CancellationTokenSource limit = new(QuietPeriod, clock);
                using CancellationTokenSource pause =
                    CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
                await WaitForWriteAsync(watch, pause.Token, cancellationToken);
            }
        }
    }

    /// <summary>The position from which exactly <paramref name="lines"/> lines are left, found from the end.</summary>
    internal static long FindTail(Stream log, int lines)
    {
        byte[] chunk = new byte[ChunkSize];
        long end = log.Length;
        int found = 0;
        for (long position = end; position > 0;)
        {
            int length = (int)Math.Min(ChunkSize, position);
            position -= length;
            log.Position = position;
            log.ReadExactly(chunk, 0, length);
            for (int i = length - 1; i >= 0; i--)
            {
                bool endsLine = chunk[i] == (byte)'\n' && position + i != end - 1;
                if (endsLine && ++found == lines)
                {
                    return position + i + 1;
                }
            }
        }

        return lines == 0 ? end : 0;
    }

    private InotifyWatch? WatchOrNull(string file)
    {
        try
        {
            return inotify.Watch(Path.GetDirectoryName(file)!, InotifyMask.Modify | InotifyMask.Create | InotifyMask.MovedTo);
        }
        catch (LinuxException)
        {
            // The limit of watches is reached or the directory is gone: what is there is still worth reading.
            return null;
        }
    }

    private static async Task WaitForWriteAsync(
        InotifyWatch watch, CancellationToken pause, CancellationToken cancellationToken)
    {
        try
        {
            await watch.Events.WaitToReadAsync(pause);
            while (watch.Events.TryRead(out _))
            {
                // One look at the file answers all of them.
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing was written for a while.
        }
    }
}
