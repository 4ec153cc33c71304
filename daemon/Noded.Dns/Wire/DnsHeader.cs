namespace Noded.Dns.Wire;

/// <summary>
/// The fixed part of a message (RFC 1035, 4.1.1): id, flags, and the numbers of questions, answers, authority and
/// additional records, 16 bits each in network order.
/// </summary>
internal static class DnsHeader
{
    internal const int Length = 12;

    internal const int FlagsOffset = 2;
    internal const int QuestionsOffset = 4;
    internal const int AnswersOffset = 6;
    internal const int AuthorityOffset = 8;
    internal const int AdditionalOffset = 10;

    internal const ushort Response = 0x8000;
    internal const ushort OpcodeMask = 0x7800;
    internal const ushort Authoritative = 0x0400;
    internal const ushort Truncated = 0x0200;
    internal const ushort RecursionDesired = 0x0100;
    internal const ushort RecursionAvailable = 0x0080;
    internal const ushort AuthenticData = 0x0020;
    internal const ushort CheckingDisabled = 0x0010;
    internal const ushort CodeMask = 0x000f;

    /// <summary>The class of the Internet.</summary>
    internal const ushort Internet = 1;

    /// <summary>The longest name, with its length bytes and the root's.</summary>
    internal const int MaxNameLength = 255;

    /// <summary>What a UDP message has without EDNS.</summary>
    internal const int PlainUdpSize = 512;

    /// <summary>What passes every usual path in one piece (DNS flag day 2020), and what we say with EDNS.</summary>
    internal const int UdpSize = 1232;

    internal const int MaxMessageLength = ushort.MaxValue;
}
