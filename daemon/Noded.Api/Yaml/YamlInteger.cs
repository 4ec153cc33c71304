using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Noded.Api.Yaml;

/// <summary>
/// Integers as Go's <c>strconv.ParseInt</c> reads them with base 0: decimal, <c>0x</c>, <c>0b</c>, and octal with
/// <c>0o</c> or with a bare zero.
/// </summary>
internal static class YamlInteger
{
    // Longer ones overflow every field of the API; the bound keeps conversion linear.
    internal const int MostDigits = 80;

    /// <param name="text">Without underscores.</param>
    /// <param name="json">The integer in JSON's grammar: decimal, no leading zero.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? json)
    {
        json = null;
        bool negative = text[0] == '-';
        ReadOnlySpan<char> digits = text.AsSpan(text[0] is '+' or '-' ? 1 : 0);
        (int radix, int prefix) = RadixOf(digits);
        digits = digits[prefix..];
        if (digits.IsEmpty || digits.Length > MostDigits)
        {
            return false;
        }

        BigInteger value = BigInteger.Zero;
        foreach (char digit in digits)
        {
            int weight = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : radix;
            if (weight >= radix)
            {
                return false;
            }

            value = (value * radix) + weight;
        }

        json = (negative ? -value : value).ToString(CultureInfo.InvariantCulture);
        return true;
    }

    private static (int Radix, int Prefix) RadixOf(ReadOnlySpan<char> digits)
    {
        if (digits.Length < 2 || digits[0] != '0')
        {
            return (10, 0);
        }

        return digits[1] switch
        {
            'x' or 'X' => (16, 2),
            'b' or 'B' => (2, 2),
            'o' or 'O' => (8, 2),
            _ => (8, 1),
        };
    }
}
