using System.Threading.Channels;

namespace Noded.Testing;

/// <summary>Waiting for a program to say something.</summary>
public static class LineReaderExtensions
{
    /// <summary>Reads up to the first line that contains <paramref name="text"/> and returns it.</summary>
    /// <exception cref="EndOfStreamException">The stream ended first; the message has what it said.</exception>
    public static async Task<string> WaitForLineAsync(
        this ChannelReader<string> lines,
        string text,
        CancellationToken cancellationToken)
    {
        List<string> seen = [];

        await foreach (string line in lines.ReadAllAsync(cancellationToken))
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }

            seen.Add(line);
        }

        throw new EndOfStreamException($"No line with \"{text}\" in:\n{string.Join('\n', seen)}");
    }

    /// <summary>The next line, or null at the end of the stream.</summary>
    public static async Task<string?> ReadOrEndAsync(
        this ChannelReader<string> lines,
        CancellationToken cancellationToken) =>
        await lines.WaitToReadAsync(cancellationToken) && lines.TryRead(out string? line) ? line : null;

    /// <summary>All remaining lines, once the program has closed the stream.</summary>
    public static Task<List<string>> ReadToEndAsync(
        this ChannelReader<string> lines,
        CancellationToken cancellationToken) =>
        lines.ReadAllAsync(cancellationToken).ToListAsync(cancellationToken).AsTask();
}
