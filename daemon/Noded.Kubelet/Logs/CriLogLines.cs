using System.Buffers;

namespace Noded.Kubelet.Logs;

/// <summary>Splits CRI log lines that arrive in pieces; a line too long to keep is passed on as it comes.</summary>
/// <param name="timestamps">Keep the time in front of each line.</param>
/// <param name="since">Leave out what was written before; null for nothing.</param>
internal sealed class CriLogLines(bool timestamps, DateTimeOffset? since = null)
{
    /// <summary>containerd cuts lines at 16 KiB; whoever writes more at once is not it.</summary>
    private const int MaxLine = 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _pending = new();
    private bool _continues;
    private bool _isOverlong;

    // The lines come in order: the first that is late enough ends the search.
    private bool _isSince = since is null;

    /// <summary>Writes the content of the lines that are complete and keeps the rest.</summary>
    internal void Append(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        while (bytes.IndexOf((byte)'\n') is var end and >= 0)
        {
            _pending.Write(bytes[..end]);
            EndLine(output);
            if (_isOverlong)
            {
                output.Write("\n"u8);
                _isOverlong = false;
            }

            bytes = bytes[(end + 1)..];
        }

        _pending.Write(bytes);
        _isOverlong |= _pending.WrittenCount > MaxLine;
        if (_isOverlong)
        {
            EndLine(output);
        }
    }

    /// <summary>Writes what has come of a line that will get no end.</summary>
    internal void Complete(IBufferWriter<byte> output)
    {
        if (_pending.WrittenCount > 0)
        {
            EndLine(output);
        }
    }

    private void EndLine(IBufferWriter<byte> output)
    {
        if (_isOverlong)
        {
            output.Write(_pending.WrittenSpan);
        }
        else
        {
            WriteLine(_pending.WrittenSpan, output);
        }

        _pending.ResetWrittenCount();
    }

    private void WriteLine(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        int time = line.IndexOf((byte)' ');
        int stream = time < 0 ? -1 : line[(time + 1)..].IndexOf((byte)' ');
        int tag = stream < 0 ? -1 : line[(time + stream + 2)..].IndexOf((byte)' ');
        if (tag < 0)
        {
            // Not a line of this format: better shown as it is than lost.
            output.Write(line);
            output.Write("\n"u8);
            return;
        }

        int content = time + stream + tag + 3;
        if (!_isSince && CriLogTime.TryParse(line[..time]) is { } written && !(_isSince = written >= since))
        {
            return;
        }

        if (timestamps && !_continues)
        {
            output.Write(line[..(time + 1)]);
        }

        output.Write(line[content..]);
        _continues = line[content - 2] == (byte)'P';
        if (!_continues)
        {
            output.Write("\n"u8);
        }
    }
}
