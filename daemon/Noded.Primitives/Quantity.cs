using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Noded.Primitives;

/// <summary>
/// An amount of a resource, exact to one billionth: <c>100m</c>, <c>1.5Gi</c>, <c>2e3</c>. Equality and order are by
/// amount; the format only says how it is written (apimachinery, pkg/api/resource).
/// </summary>
public readonly partial record struct Quantity : IComparable<Quantity>
{
    internal static readonly BigInteger NanosPerUnit = new(1_000_000_000);

    private readonly BigInteger _nanos;

    private Quantity(BigInteger nanos, QuantityFormat format) => (_nanos, Format) = (nanos, format);

    public static Quantity Zero => default;

    public QuantityFormat Format { get; }

    public bool IsZero => _nanos.IsZero;

    public bool IsNegative => _nanos.Sign < 0;

    /// <summary>Whole units; a fraction counts as one more, away from zero.</summary>
    public long Value => Saturate(DivideAwayFromZero(_nanos, NanosPerUnit));

    /// <summary>Thousandths; a fraction counts as one more, away from zero.</summary>
    public long MilliValue => Saturate(DivideAwayFromZero(_nanos, NanosPerUnit / 1000));

    public static Quantity FromValue(long value, QuantityFormat format = QuantityFormat.DecimalSi) =>
        new(value * NanosPerUnit, format);

    public static Quantity FromMilliValue(long value, QuantityFormat format = QuantityFormat.DecimalSi) =>
        new(value * (NanosPerUnit / 1000), format);

    /// <exception cref="FormatException">The text is no quantity; the message is upstream's.</exception>
    public static Quantity Parse(string text) =>
        TryParse(text, out Quantity quantity) ? quantity : throw new FormatException(FormatMessage);

    public static bool TryParse([NotNullWhen(true)] string? text, out Quantity quantity) =>
        QuantityParser.TryParse(text, out quantity);

    public static Quantity Add(Quantity left, Quantity right) => left + right;

    public static Quantity Subtract(Quantity left, Quantity right) => left - right;

    /// <summary>Rounds up, away from zero, to whole thousandths: the precision the API keeps.</summary>
    public Quantity RoundUpToMilli() =>
        new(DivideAwayFromZero(_nanos, NanosPerUnit / 1000) * (NanosPerUnit / 1000), Format);

    public bool IsMultipleOf(Quantity unit) => !unit.IsZero && (_nanos % unit._nanos).IsZero;

    public bool Equals(Quantity other) => _nanos == other._nanos;

    public override int GetHashCode() => _nanos.GetHashCode();

    public int CompareTo(Quantity other) => _nanos.CompareTo(other._nanos);

    /// <summary>The canonical text: no fraction, the largest suffix that keeps the amount.</summary>
    public override string ToString() => QuantityFormatter.Format(_nanos, Format);

    public static Quantity operator +(Quantity left, Quantity right) =>
        new(left._nanos + right._nanos, left.IsZero ? right.Format : left.Format);

    public static Quantity operator -(Quantity left, Quantity right) =>
        new(left._nanos - right._nanos, left.IsZero ? right.Format : left.Format);

    public static bool operator <(Quantity left, Quantity right) => left.CompareTo(right) < 0;

    public static bool operator <=(Quantity left, Quantity right) => left.CompareTo(right) <= 0;

    public static bool operator >(Quantity left, Quantity right) => left.CompareTo(right) > 0;

    public static bool operator >=(Quantity left, Quantity right) => left.CompareTo(right) >= 0;

    internal static Quantity FromNanos(BigInteger nanos, QuantityFormat format) => new(nanos, format);

    internal static BigInteger DivideAwayFromZero(BigInteger value, BigInteger divisor)
    {
        BigInteger quotient = BigInteger.DivRem(value, divisor, out BigInteger remainder);
        return remainder.IsZero ? quotient : quotient + value.Sign;
    }

    private static long Saturate(BigInteger value) =>
        value > long.MaxValue ? long.MaxValue : value < long.MinValue ? long.MinValue : (long)value;
}

/// <summary>How a <see cref="Quantity"/> is written.</summary>
public enum QuantityFormat
{
    /// <summary>Powers of 1000: <c>n u m k M G T P E</c>.</summary>
    DecimalSi,

    /// <summary>Powers of 1024: <c>Ki Mi Gi Ti Pi Ei</c>.</summary>
    BinarySi,

    /// <summary>A decimal exponent: <c>12e6</c>.</summary>
    DecimalExponent,
}
