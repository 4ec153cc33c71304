using System.Buffers;

namespace Noded.Kubelet.Logs;

/// <summary>Splits CRI log lines that arrive in pieces; a line too long to keep is passed on as it comes.</summary>
/// <param name="timestamps">Keep the time in front of each line.</param>
internal sealed class CriLogLines(bool timestamps)
{
    /// <summary>containerd cuts lines at 16 KiB; whoever writes more at once is not it.</summary>
    private const int MaxLine = 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _pending = new();
    private bool _continues;

    /// <summary>Writes the content of the lines that are complete and keeps the rest.</summary>
    internal void Append(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        while (bytes.IndexOf((byte)'\n') is var end and >= 0)
        {
            _pending.Write(bytes[..end]);
            WriteLine(_pending.WrittenSpan, output);
            _pending.ResetWrittenCount();
            bytes = bytes[(end + 1)..];
        }

        if (_pending.WrittenCount + bytes.Length > MaxLine)
        {
            output.Write(_pending.WrittenSpan);
            _pending.ResetWrittenCount();
        }

        _pending.Write(bytes);
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
