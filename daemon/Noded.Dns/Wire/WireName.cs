using System.Globalization;
using System.Text;

namespace Noded.Dns.Wire;

/// <summary>Names as the wire has them: length and bytes of each label, and a zero for the root.</summary>
internal static class WireName
{
    private const int MaxLabel = 63;
    private const int PointerMark = 0xc0;

    /// <summary>Null for what is no name: an empty or too long label, more than 255 bytes.</summary>
    /// <param name="text">With or without a dot at its end; no escapes.</param>
    public static byte[]? TryEncode(string text)
    {
        string trimmed = text.EndsWith('.') ? text[..^1] : text;
        if (trimmed.Length == 0)
        {
            return text.Length == 0 ? null : [0];
        }

        if (Encoding.UTF8.GetByteCount(trimmed) + 2 > DnsHeader.MaxNameLength)
        {
            return null;
        }

        List<byte> wire = [];
        foreach (string label in trimmed.Split('.'))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(label);
            if (bytes.Length is 0 or > MaxLabel)
            {
                return null;
            }

            wire.Add((byte)bytes.Length);
            wire.AddRange(bytes);
        }

        wire.Add(0);
        return [.. wire];
    }

    /// <exception cref="FormatException">It is no name.</exception>
    public static byte[] Encode(string text) =>
        TryEncode(text) ?? throw new FormatException($"\"{text}\" is no DNS name.");

    /// <summary>In lower case with a dot at the end; bytes that are no visible ASCII are escaped.</summary>
    public static string ToText(ReadOnlySpan<byte> name)
    {
        StringBuilder text = new();
        for (int at = 0; at < name.Length && name[at] != 0; at += 1 + name[at])
        {
            foreach (byte character in name.Slice(at + 1, name[at]))
            {
                _ = character is > 0x20 and < 0x7f and not (byte)'.' and not (byte)'\\'
                    ? text.Append((char)ToLower(character))
                    : text.Append('\\').Append(character.ToString("d3", CultureInfo.InvariantCulture));
            }

            text.Append('.');
        }

        return text.Length == 0 ? "." : text.ToString();
    }

    public static byte ToLower(byte character) =>
        character is >= (byte)'A' and <= (byte)'Z' ? (byte)(character + 0x20) : character;

    /// <summary>
    /// Copies an uncompressed name in lower case and says where its labels begin. Counts on no more than 128 labels,
    /// which is what 255 bytes can hold.
    /// </summary>
    /// <returns>The name's length; 0 when there is no whole name, or one with a pointer.</returns>
    public static int CopyLower(ReadOnlySpan<byte> from, Span<byte> to, Span<byte> labels, out int labelCount)
    {
        labelCount = 0;
        int at = 0;
        while (true)
        {
            if (at >= from.Length || at >= DnsHeader.MaxNameLength)
            {
                return 0;
            }

            int length = from[at];
            if (length == 0)
            {
                to[at] = 0;
                return at + 1;
            }

            if (length > MaxLabel || at + 1 + length >= DnsHeader.MaxNameLength || at + 1 + length > from.Length)
            {
                return 0;
            }

            labels[labelCount++] = (byte)at;
            to[at] = (byte)length;
            for (int i = at + 1; i <= at + length; i++)
            {
                to[i] = ToLower(from[i]);
            }

            at += 1 + length;
        }
    }

    /// <summary>Steps over a name that may end in a pointer.</summary>
    /// <returns>The offset behind it; -1 when it is malformed. What it points at is not looked at.</returns>
    public static int Skip(ReadOnlySpan<byte> message, int offset)
    {
        int begin = offset;
        while (offset < message.Length && offset - begin < DnsHeader.MaxNameLength)
        {
            int length = message[offset];
            if (length == 0)
            {
                return offset + 1;
            }

            if ((length & PointerMark) == PointerMark)
            {
                return offset + 2 <= message.Length ? offset + 2 : -1;
            }

            if (length > MaxLabel)
            {
                return -1;
            }

            offset += 1 + length;
        }

        return -1;
    }

    /// <summary>Writes a name without its pointers. Each must point further back than the one before, so it ends.</summary>
    /// <returns>The length written; 0 when the name is malformed, too long or does not fit.</returns>
    public static int Expand(ReadOnlySpan<byte> message, int offset, Span<byte> to)
    {
        int written = 0;
        int bound = offset;
        while (offset < message.Length)
        {
            int length = message[offset];
            if ((length & PointerMark) == PointerMark)
            {
                int target = offset + 1 < message.Length ? ((length & ~PointerMark) << 8) | message[offset + 1] : bound;
                if (target >= bound)
                {
                    return 0;
                }

                bound = offset = target;
                continue;
            }

            int end = written + 1 + length;
            if (length > MaxLabel || offset + 1 + length > message.Length || end > to.Length || end > DnsHeader.MaxNameLength)
            {
                return 0;
            }

            message.Slice(offset, 1 + length).CopyTo(to[written..]);
            written = end;
            offset += 1 + length;
            if (length == 0)
            {
                return written;
            }
        }

        return 0;
    }
}
