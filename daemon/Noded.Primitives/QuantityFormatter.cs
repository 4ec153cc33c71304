using System.Globalization;
using System.Numerics;

namespace Noded.Primitives;

/// <summary>The one canonical text of an amount in a format.</summary>
internal static class QuantityFormatter
{
    /// <summary>From 10⁻⁹ to 10¹⁸; NUL stands for no suffix and is in no text.</summary>
    internal const string DecimalSuffixes = "num\0kMGTPE";

    public static string Format(BigInteger nanos, QuantityFormat format)
    {
        if (nanos.IsZero)
        {
            return "0";
        }

        return format switch
        {
            QuantityFormat.BinarySi when BigInteger.Abs(nanos) >= 1024 * Quantity.NanosPerUnit => FormatBinary(nanos),
            QuantityFormat.DecimalExponent => FormatDecimal(nanos, exponent => exponent == 0 ? "" : $"e{exponent}"),
            _ => FormatDecimal(
                nanos, exponent => exponent == 0 ? "" : DecimalSuffixes.Substring((exponent + 9) / 3, 1)),
        };
    }

    private static string FormatDecimal(BigInteger nanos, Func<int, string> suffix)
    {
        int exponent = -9;
        while (exponent < 18 && (nanos % 1000).IsZero)
        {
            nanos /= 1000;
            exponent += 3;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{nanos}{suffix(exponent)}");
    }

    private static string FormatBinary(BigInteger nanos)
    {
        BigInteger units = Quantity.DivideAwayFromZero(nanos, Quantity.NanosPerUnit);
        int power = 0;
        while (power < 6 && (units % 1024).IsZero)
        {
            units /= 1024;
            power++;
        }

        string suffix = power == 0 ? "" : $"{"KMGTPE"[power - 1]}i";
        return string.Create(CultureInfo.InvariantCulture, $"{units}{suffix}");
    }
}
