using System.Buffers.Binary;
using Noded.Dns.Wire;

namespace Noded.Dns.Forwarding;

/// <summary>What an upstream resolver is asked for: a question, and what of the asker's flags changes the answer.</summary>
/// <param name="Question">Name, type and class.</param>
/// <param name="Flags">Recursion desired, checking disabled, authentic data.</param>
internal sealed record UpstreamQuestion(byte[] Question, ushort Flags, bool HasEdns, bool IsDnssecOk)
{
    /// <summary>How long a key of the cache can be.</summary>
    internal const int MaxKeyLength = DnsHeader.MaxNameLength + 3;

    private const ushort PassedOn = DnsHeader.RecursionDesired | DnsHeader.CheckingDisabled | DnsHeader.AuthenticData;
    private const int EdnsLength = 11;

    public static UpstreamQuestion Of(in DnsQuery query) => new(
        query.Question.ToArray(), (ushort)(query.Flags & PassedOn), query.HasEdns, query.IsDnssecOk);

    /// <summary>Asks for another name in the place of the query's.</summary>
    public static UpstreamQuestion Of(in DnsQuery query, byte[] name)
    {
        byte[] question = new byte[name.Length + 4];
        name.CopyTo(question, 0);
        BinaryPrimitives.WriteUInt16BigEndian(question.AsSpan(name.Length), (ushort)query.Type);
        BinaryPrimitives.WriteUInt16BigEndian(question.AsSpan(name.Length + 2), DnsHeader.Internet);
        return Of(query) with { Question = question };
    }

    /// <summary>By what the cache knows the answer to a query.</summary>
    /// <param name="name">In lower case.</param>
    /// <returns>The key's length.</returns>
    public static int WriteKey(
        ReadOnlySpan<byte> name, RecordType type, ushort flags, bool isDnssecOk, Span<byte> key)
    {
        name.CopyTo(key);
        BinaryPrimitives.WriteUInt16BigEndian(key[name.Length..], (ushort)type);
        key[name.Length + 2] = (byte)(((flags & PassedOn) >> 4) | (isDnssecOk ? 0x80 : 0));
        return name.Length + 3;
    }

    /// <summary>The message that asks.</summary>
    public byte[] ToMessage(ushort id)
    {
        byte[] message = new byte[DnsHeader.Length + Question.Length + (HasEdns ? EdnsLength : 0)];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(DnsHeader.FlagsOffset), Flags);
        message[DnsHeader.QuestionsOffset + 1] = 1;
        Question.CopyTo(message, DnsHeader.Length);
        if (HasEdns)
        {
            message[DnsHeader.AdditionalOffset + 1] = 1;
            Span<byte> options = message.AsSpan(DnsHeader.Length + Question.Length);
            options[2] = (byte)RecordType.Opt;
            BinaryPrimitives.WriteUInt16BigEndian(options[3..], DnsHeader.UdpSize);
            options[7] = (byte)(IsDnssecOk ? 0x80 : 0);
        }

        return message;
    }
}
