using System.Globalization;
using System.Text;

namespace Noded.Kubelet.Logs;

/// <summary>The time in front of a log line: RFC 3339 with up to nine digits of a second's fraction.</summary>
internal static class CriLogTime
{
    /// <summary>.NET reads as many digits of a fraction.</summary>
    private const int MaxFraction = 7;

    /// <summary>Null when it is none.</summary>
    internal static DateTimeOffset? TryParse(ReadOnlySpan<byte> text)
    {
        string time = Encoding.ASCII.GetString(text);
        int point = time.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            int end = point + 1;
            while (end < time.Length && char.IsAsciiDigit(time[end]))
            {
                end++;
            }

            time = time[..Math.Min(end, point + 1 + MaxFraction)] + time[end..];
        }

        return DateTimeOffset.TryParse(
            time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset parsed)
            ? parsed
            : null;
    }
}
