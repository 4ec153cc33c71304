using System.Globalization;
using System.Numerics;

namespace Noded.Primitives;

public readonly partial record struct Quantity
{
    /// <summary>What upstream answers to a text that is no quantity.</summary>
    public const string FormatMessage =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
}

/// <summary>
/// Upstream's grammar: a signed decimal number and one suffix. What is finer than one billionth is rounded up, what is
/// larger than 2⁶³-1 becomes 2⁶³-1.
/// </summary>
internal static class QuantityParser
{
    // Keeps a hostile manifest from buying quadratic time with one long number.
    internal const int LongestNumber = 512;

    internal static readonly BigInteger LargestNanos = long.MaxValue * Quantity.NanosPerUnit;

    public static bool TryParse(string? text, out Quantity quantity)
    {
        quantity = default;
        if (string.IsNullOrEmpty(text) || text.Length > LongestNumber)
        {
            return false;
        }

        int start = text[0] is '+' or '-' ? 1 : 0;
        int end = start;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
        {
            end++;
        }

        if (!TryReadNumber(text.AsSpan(start, end - start), out BigInteger digits, out int fractionDigits)
            || !TryReadSuffix(text.AsSpan(end), out int exponent, out int binaryShift, out QuantityFormat format))
        {
            return false;
        }

        BigInteger nanos = BigInteger.Min(Scale(digits << binaryShift, exponent - fractionDigits + 9), LargestNanos);

        // Below one, a binary suffix has nothing to show.
        if (format == QuantityFormat.BinarySi && nanos < Quantity.NanosPerUnit)
        {
            format = QuantityFormat.DecimalSi;
        }

        quantity = Quantity.FromNanos(text[0] == '-' ? -nanos : nanos, format);
        return true;
    }

    private static bool TryReadNumber(ReadOnlySpan<char> number, out BigInteger digits, out int fractionDigits)
    {
        (digits, fractionDigits) = (BigInteger.Zero, 0);
        int point = number.IndexOf('.');
        if (number.Length == 0 || (number.Length == 1 && point == 0))
        {
            return false;
        }

        string plain = point < 0 ? number.ToString() : string.Concat(number[..point], number[(point + 1)..]);
        fractionDigits = point < 0 ? 0 : number.Length - point - 1;
        return BigInteger.TryParse(plain, NumberStyles.None, CultureInfo.InvariantCulture, out digits);
    }

    private static bool TryReadSuffix(
        ReadOnlySpan<char> suffix,
        out int exponent,
        out int binaryShift,
        out QuantityFormat format)
    {
        (exponent, binaryShift, format) = (0, 0, QuantityFormat.DecimalSi);

        int binary = suffix.Length == 2 && suffix[1] == 'i'
            ? "KMGTPE".IndexOf(suffix[0], StringComparison.Ordinal)
            : -1;
        if (binary >= 0)
        {
            (binaryShift, format) = (10 * (binary + 1), QuantityFormat.BinarySi);
            return true;
        }

        int decimalIndex = suffix.Length == 1
            ? QuantityFormatter.DecimalSuffixes.IndexOf(suffix[0], StringComparison.Ordinal)
            : -1;
        if (suffix.Length == 0 || decimalIndex >= 0)
        {
            exponent = suffix.Length == 0 ? 0 : (3 * decimalIndex) - 9;
            return true;
        }

        format = QuantityFormat.DecimalExponent;
        return suffix[0] is 'e' or 'E'
            && int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent);
    }

    /// <summary>Multiplies by ten to a power, without computing powers that the bounds make pointless.</summary>
    private static BigInteger Scale(BigInteger digits, long exponent)
    {
        if (digits.IsZero)
        {
            return digits;
        }

        return exponent switch
        {
            > 40 => LargestNanos,
            >= 0 => digits * BigInteger.Pow(10, (int)exponent),
            < -2 * LongestNumber => BigInteger.One,
            _ => Quantity.DivideAwayFromZero(digits, BigInteger.Pow(10, (int)-exponent)),
        };
    }
}
