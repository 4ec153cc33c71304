using System.Globalization;
using System.Text;

namespace Noded.Kubelet.Probes;

/// <summary>What matters of an HTTP/1.x response before its body.</summary>
/// <param name="ContentLength">Null when the body ends with the connection, or with its last chunk.</param>
internal sealed record HttpResponseHead(int StatusCode, string? Location, long? ContentLength, bool IsChunked)
{
    /// <summary>Heads that are longer are not read to the end.</summary>
    internal const int MaxBytes = 64 * 1024;

    /// <summary>Neither of these has a body, whatever its head says.</summary>
    internal bool HasBody => StatusCode is >= 200 and not (204 or 304);

    /// <summary>Reads the head at the beginning of what came so far; null while its end is missing.</summary>
    /// <param name="length">Of the head with the empty line that ends it.</param>
    /// <exception cref="FormatException">It is no HTTP response.</exception>
    internal static HttpResponseHead? TryParse(ReadOnlySpan<byte> received, out int length)
    {
        length = EndOf(received);
        if (length < 0)
        {
            return received.Length < MaxBytes
                ? null
                : throw new FormatException("net/http: server response headers exceeded the limit; aborted");
        }

        string[] lines = Encoding.Latin1.GetString(received[..length]).Split('\n');
        int statusCode = ParseStatusLine(lines[0].TrimEnd('\r'));
        string? location = null;
        long? contentLength = null;
        bool isChunked = false;
        foreach (string line in lines.Skip(1).Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0))
        {
            if (line[0] is ' ' or '\t')
            {
                // The former line goes on; none of those that matter here ever does.
                continue;
            }

            int colon = line.IndexOf(':', StringComparison.Ordinal);
            string value = colon > 0
                ? line[(colon + 1)..].Trim(' ', '\t')
                : throw new FormatException($"malformed MIME header line: {line}");
            switch (line[..colon].ToUpperInvariant())
            {
                case "LOCATION":
                    location ??= value;
                    break;
                case "CONTENT-LENGTH":
                    contentLength = ParseLength(value, contentLength);
                    break;
                case "TRANSFER-ENCODING":
                    isChunked = value.Equals("chunked", StringComparison.OrdinalIgnoreCase)
                        ? true
                        : throw new FormatException($"unsupported transfer encoding: \"{value}\"");
                    break;
            }
        }

        return new HttpResponseHead(statusCode, location, isChunked ? null : contentLength, isChunked);
    }

    /// <summary>Behind the empty line; -1 when there is none. Lines may end without a carriage return.</summary>
    private static int EndOf(ReadOnlySpan<byte> received)
    {
        for (int from = 0; ;)
        {
            int found = received[from..].IndexOf((byte)'\n');
            if (found < 0)
            {
                return -1;
            }

            from += found + 1;
            ReadOnlySpan<byte> rest = received[from..];
            if (rest.StartsWith("\n"u8))
            {
                return from + 1;
            }

            if (rest.StartsWith("\r\n"u8))
            {
                return from + 2;
            }
        }
    }

    private static int ParseStatusLine(string line)
    {
        string[] words = line.Split(' ', 3);
        return words.Length < 2 ? throw new FormatException($"malformed HTTP response \"{line}\"")
            : words[0] is not ("HTTP/1.1" or "HTTP/1.0") ? throw new FormatException($"malformed HTTP version \"{words[0]}\"")
            : words[1].Length == 3 && words[1].All(char.IsAsciiDigit) ? int.Parse(words[1], CultureInfo.InvariantCulture)
            : throw new FormatException($"malformed HTTP status code \"{words[1]}\"");
    }

    private static long ParseLength(string value, long? before) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long length)
            && (before is null || before == length)
            ? length
            : throw new FormatException($"bad Content-Length \"{value}\"");
}
