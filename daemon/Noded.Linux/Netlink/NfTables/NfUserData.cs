using System.Text;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>
/// What the kernel keeps for user space, in the records that nft reads: a byte each for type and length, then the value.
/// </summary>
internal static class NfUserData
{
    // Comments of tables, chains and elements have the same number; they end in a zero.
    private const byte CommentType = 0;

    // Byte orders of a set's keys and values, without which nft prints some of them backwards.
    private const byte KeyOrderType = 0;
    private const byte ValueOrderType = 1;
    private const uint BigEndian = 2;

    private const int RecordHeaderLength = 2;

    internal static byte[] OfComment(string comment)
    {
        byte[] text = Encoding.UTF8.GetBytes(comment + '\0');
        ArgumentOutOfRangeException.ThrowIfGreaterThan(text.Length, NfElement.MaxCommentLength + 1, nameof(comment));
        return [CommentType, (byte)text.Length, .. text];
    }

    internal static byte[] OfSet(bool hasValues)
    {
        byte[] order = BitConverter.GetBytes(BigEndian);
        byte[] keys = [KeyOrderType, (byte)order.Length, .. order];
        return hasValues ? [.. keys, ValueOrderType, (byte)order.Length, .. order] : keys;
    }

    /// <summary>The comment among the records, or null.</summary>
    internal static string? TryGetComment(ReadOnlySpan<byte> records)
    {
        while (records.Length >= RecordHeaderLength)
        {
            int end = RecordHeaderLength + records[1];

            if (end > records.Length)
            {
                return null;
            }

            if (records[0] == CommentType)
            {
                return Encoding.UTF8.GetString(records[RecordHeaderLength..end].TrimEnd((byte)0));
            }

            records = records[end..];
        }

        return null;
    }
}
