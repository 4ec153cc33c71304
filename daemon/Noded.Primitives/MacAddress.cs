using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Noded.Primitives;

/// <summary>A 48-bit link-layer address, written as <c>02:42:ac:11:00:02</c>.</summary>
public readonly record struct MacAddress
{
    /// <summary>The number of bytes of an address.</summary>
    public const int Length = 6;

    private const int TextLength = (Length * 3) - 1;

    private readonly ulong _value;

    /// <param name="bytes">Six bytes, in the order in which they are written and sent.</param>
    public MacAddress(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);

        foreach (byte part in bytes)
        {
            _value = (_value << 8) | part;
        }
    }

    /// <summary>True for group addresses, which no interface can have.</summary>
    public bool IsMulticast => ((_value >> 40) & 1) != 0;

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Length];

        for (int i = 0; i < Length; i++)
        {
            bytes[i] = (byte)(_value >> (8 * (Length - 1 - i)));
        }

        return bytes;
    }

    public static MacAddress Parse(string text) =>
        TryParse(text, out MacAddress address)
            ? address
            : throw new FormatException($"'{text}' is no MAC address such as 02:42:ac:11:00:02.");

    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress address)
    {
        address = default;

        if (text is not { Length: TextLength })
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[Length];

        for (int i = 0; i < Length; i++)
        {
            ReadOnlySpan<char> digits = text.AsSpan(i * 3, 2);

            if (!byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[i])
                || (i > 0 && text[(i * 3) - 1] is not (':' or '-')))
            {
                return false;
            }
        }

        address = new MacAddress(bytes);
        return true;
    }

    public override string ToString() =>
        string.Join(':', ToBytes().Select(part => part.ToString("x2", CultureInfo.InvariantCulture)));
}
