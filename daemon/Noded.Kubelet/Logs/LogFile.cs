using System.Buffers;
using System.IO.Compression;

namespace Noded.Kubelet.Logs;

/// <summary>One file of a container's log, rotated or not, compressed or not, read from its beginning on.</summary>
internal sealed class LogFile : IDisposable
{
    private const int ChunkSize = 64 * 1024;
    private const int PrefixSize = 256;

    private readonly FileStream _file;
    private readonly GZipStream? _gzip;
    private readonly CriLogLines _lines;
    private readonly byte[] _chunk = new byte[ChunkSize];
    private int _linesToSkip;

    private LogFile(FileStream file, bool isCompressed, CriLogLines lines)
    {
        _file = file;
        _gzip = isCompressed ? new GZipStream(file, CompressionMode.Decompress) : null;
        _lines = lines;
    }

    internal string Path => _file.Name;

    /// <summary>A path that leads to this file whatever it is called now.</summary>
    internal string Handle => $"/proc/self/fd/{_file.SafeFileHandle.DangerousGetHandle()}";

    internal long Length => _file.Length;

    /// <summary>No line of it is later.</summary>
    internal DateTimeOffset LastWrite => File.GetLastWriteTimeUtc(_file.SafeFileHandle);

    /// <summary>What was rotated may be compressed under our hands; null when it is gone altogether.</summary>
    internal static LogFile? TryOpen(string path, CriLogLines lines)
    {
        string plain = RotatedLogs.Plain(path);
        string compressed = plain + RotatedLogs.Compressed;
        foreach (string candidate in (string[])[compressed, plain, compressed])
        {
            try
            {
                FileStream file = new(
                    candidate, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, useAsync: false);
                return new LogFile(file, candidate.EndsWith(RotatedLogs.Compressed, StringComparison.Ordinal), lines);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // It may have its other name by now, or its container has not started.
            }
        }

        return null;
    }

    /// <summary>Goes to where only this many lines are left; how many there are, if that is less.</summary>
    internal int SeekTail(int lines)
    {
        if (_gzip is null)
        {
            (_file.Position, int found) = FindTail(_file, lines);
            return found;
        }

        int all = CountLines();
        _linesToSkip = Math.Max(0, all - lines);
        return Math.Min(all, lines);
    }

    /// <summary>Writes the content of the lines that come next; false at the end of what there is now.</summary>
    internal bool ReadNext(IBufferWriter<byte> output)
    {
        Stream stream = (Stream?)_gzip ?? _file;
        int length = stream.Read(_chunk);
        ReadOnlySpan<byte> bytes = _chunk.AsSpan(0, length);
        while (_linesToSkip > 0 && bytes.IndexOf((byte)'\n') is var end and >= 0)
        {
            bytes = bytes[(end + 1)..];
            _linesToSkip--;
        }

        _lines.Append(_linesToSkip > 0 ? [] : bytes, output);
        return length > 0;
    }

    /// <summary>Writes what has come of a line that will get no end.</summary>
    internal void Complete(IBufferWriter<byte> output) => _lines.Complete(output);

    /// <summary>Whether this is the same log as another, which may be its compressed form: times are never the same twice.</summary>
    internal bool BeginsAs(LogFile other)
    {
        byte[] mine = Prefix();
        return mine.Length > 0 && mine.AsSpan().SequenceEqual(other.Prefix());
    }

    public void Dispose()
    {
        _gzip?.Dispose();
        _file.Dispose();
    }

    /// <summary>The position from which exactly <paramref name="lines"/> lines are left, found from the end, and how many there are.</summary>
    internal static (long Position, int Found) FindTail(Stream log, int lines)
    {
        if (lines == 0)
        {
            return (log.Length, 0);
        }

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
                    return (position + i + 1, lines);
                }
            }
        }

        // The first line has no end of another before it.
        return (0, end > 0 ? found + 1 : 0);
    }

    private byte[] Prefix()
    {
        byte[] prefix = new byte[PrefixSize];
        using FileStream again = new(Handle, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using Stream content = _gzip is null ? again : new GZipStream(again, CompressionMode.Decompress);
        int length = content.ReadAtLeast(prefix, PrefixSize, throwOnEndOfStream: false);
        return prefix[..length];
    }

    private int CountLines()
    {
        using FileStream again = new(Handle, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using GZipStream stream = new(again, CompressionMode.Decompress);
        int lines = 0;
        for (int length; (length = stream.Read(_chunk)) > 0;)
        {
            lines += _chunk.AsSpan(0, length).Count((byte)'\n');
        }

        return lines;
    }
}
