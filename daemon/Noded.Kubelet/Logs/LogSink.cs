using System.Buffers;

namespace Noded.Kubelet.Logs;

/// <summary>Where the content of a log goes, up to a number of bytes.</summary>
/// <param name="limit">Null for no end.</param>
internal sealed class LogSink(Stream output, long? limit)
{
    private readonly ArrayBufferWriter<byte> _content = new();
    private long? _left = limit;

    internal bool IsFull => _left <= 0;

    /// <summary>Writes what a file has from where it was left on.</summary>
    /// <param name="isComplete">Nothing will be added to it: half a line is all there is of it.</param>
    internal async Task DrainAsync(LogFile file, bool isComplete, CancellationToken cancellationToken)
    {
        while (!IsFull && file.ReadNext(_content))
        {
            await WriteAsync(cancellationToken);
        }

        if (isComplete && !IsFull)
        {
            file.Complete(_content);
            await WriteAsync(cancellationToken);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> content = _content.WrittenMemory;
        if (_left < content.Length)
        {
            content = content[..(int)_left.Value];
        }

        _left -= content.Length;
        if (content.Length > 0)
        {
            await output.WriteAsync(content, cancellationToken);
        }

        _content.ResetWrittenCount();
    }
}
