using System.Buffers;
using System.Globalization;
using System.Text;

namespace Noded.ApiServer.Documents;

/// <summary>Durations as Go writes them: <c>1h2m3.5s</c>.</summary>
internal static class GoDuration
{
    private const long Second = 1_000_000_000;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    private static readonly (string Unit, long Nanoseconds)[] Units =
    [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", Second), ("m", 60 * Second), ("h", 3600 * Second),
    ];

    public static string Format(long nanoseconds)
    {
        if (nanoseconds == 0)
        {
            return "0s";
        }

        StringBuilder text = new(nanoseconds < 0 ? "-" : "");
        decimal rest = Math.Abs((decimal)nanoseconds);
        if (rest < Second)
        {
            (string unit, long size) = rest < 1000 ? ("ns", 1L) : rest < 1_000_000 ? ("µs", 1000L) : ("ms", 1_000_000L);
            return text.Append(CultureInfo.InvariantCulture, $"{rest / size:0.######}{unit}").ToString();
        }

        long hours = (long)(rest / (3600m * Second));
        long minutes = (long)(rest / (60m * Second)) % 60;
        decimal seconds = rest % (60m * Second) / Second;
        if (hours > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        }

        if (hours > 0 || minutes > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{minutes}m");
        }

        return text.Append(CultureInfo.InvariantCulture, $"{seconds:0.#########}s").ToString();
    }

    /// <summary>In nanoseconds; 0 for what is no duration.</summary>
    public static long Parse(string? text)
    {
        ReadOnlySpan<char> rest = text ?? "";
        bool isNegative = rest.StartsWith("-");
        rest = rest.TrimStart("+-");
        decimal total = 0;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !decimal.TryParse(rest[..digits], CultureInfo.InvariantCulture, out decimal number))
            {
                return 0;
            }

            rest = rest[digits..];
            int length = rest.IndexOfAny(Digits) is int next and >= 0 ? next : rest.Length;
            string unit = rest[..length].ToString();
            long size = Units.FirstOrDefault(candidate => candidate.Unit == unit).Nanoseconds;
            total += Math.Min(number, long.MaxValue / (decimal)Math.Max(1, size)) * size;
            rest = rest[length..];
        }

        long nanoseconds = (long)Math.Min(total, long.MaxValue);
        return isNegative ? -nanoseconds : nanoseconds;
    }
}
