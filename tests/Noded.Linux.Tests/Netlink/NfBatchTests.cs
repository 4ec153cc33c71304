using System.Net;
using Noded.Linux.Netlink.NfTables;
using Noded.Primitives;

namespace Noded.Linux.Tests.Netlink;

/// <summary>The bytes of nf_tables messages, as the kernel's headers define them.</summary>
public sealed class NfBatchTests
{
    [Fact]
    public void Finish_OneElement_IsWhatTheKernelDefines()
    {
        NfBatch batch = new(NfFamily.Inet);
        batch.AddElements(
            "t", "m", new NfElement(NfKey.Of(IPAddress.Parse("10.1.0.2")), Verdict: NfVerdict.Jump("c"), Comment: "hi"));

        string bytes = Convert.ToHexStringLower(batch.Finish(sequence: 7, portId: 9, generation: 5));

        Assert.SkipUnless(BitConverter.IsLittleEndian, "little-endian text of the message");
        Assert.Equal(
            string.Concat(
                "1c000000", "1000", "0100", "07000000", "09000000", "0000", "000a", // BATCH_BEGIN, subsystem 10
                "0800", "0100", "00000005", // NFNL_BATCH_GENID
                "5c000000", "0c0a", "0506", "08000000", "09000000", "0100", "0000", // NEWSETELEM, inet, ACK|CREATE|EXCL
                "0600", "0100", "74000000", // NFTA_SET_ELEM_LIST_TABLE "t"
                "0600", "0200", "6d000000", // NFTA_SET_ELEM_LIST_SET "m"
                "3800", "0380", // NFTA_SET_ELEM_LIST_ELEMENTS, nested
                "3400", "0180", // NFTA_LIST_ELEM
                "0c00", "0180", "0800", "0100", "0a010002", // NFTA_SET_ELEM_KEY, NFTA_DATA_VALUE
                "1800", "0280", "1400", "0280", // NFTA_SET_ELEM_DATA, NFTA_DATA_VERDICT
                "0800", "0100", "fffffffd", // NFTA_VERDICT_CODE, NFT_JUMP
                "0600", "0200", "63000000", // NFTA_VERDICT_CHAIN "c"
                "0900", "0600", "0003686900", "000000", // NFTA_SET_ELEM_USERDATA: comment of 3 bytes
                "14000000", "1100", "0100", "09000000", "09000000", "0000", "000a"), // BATCH_END
            bytes);
    }

    [Fact]
    public void Finish_OneRule_IsWhatTheKernelDefines()
    {
        NfBatch batch = new(NfFamily.Inet);
        batch.AddRule("t", "c", [.. NfMatch.DestinationIn(IPPrefix.Parse("10.1.0.0/20")), new NfExpression.Masquerade()]);

        byte[] bytes = batch.Finish(sequence: 1, portId: 0, generation: null);
        string rule = Convert.ToHexStringLower(bytes.AsSpan(20..^20));

        Assert.SkipUnless(BitConverter.IsLittleEndian, "little-endian text of the message");
        Assert.Equal(
            string.Concat(
                "30010000", "060a", "050c", "02000000", "00000000", "0100", "0000", // NEWRULE, ACK|CREATE|APPEND
                "0600", "0100", "74000000", // NFTA_RULE_TABLE
                "0600", "0200", "63000000", // NFTA_RULE_CHAIN
                "0c01", "0480", // NFTA_RULE_EXPRESSIONS
                "2400", "0180", "0900", "0100", "6d65746100000000", // meta
                "1400", "0280", "0800", "0200", "0000000f", "0800", "0100", "00000008", // nfproto => register 8
                "2c00", "0180", "0800", "0100", "636d7000", // cmp
                "2000", "0280", "0800", "0100", "00000008", "0800", "0200", "00000000", // equal
                "0c00", "0380", "0500", "0100", "02000000", // IPv4
                "3400", "0180", "0c00", "0100", "7061796c6f616400", // payload
                "2400", "0280", "0800", "0100", "00000008", "0800", "0200", "00000001", // network header
                "0800", "0300", "00000010", "0800", "0400", "00000004", // offset 16, 4 bytes
                "4400", "0180", "0c00", "0100", "6269747769736500", // bitwise
                "3400", "0280", "0800", "0100", "00000008", "0800", "0200", "00000008", "0800", "0300", "00000004",
                "0c00", "0480", "0800", "0100", "fffff000", "0c00", "0580", "0800", "0100", "00000000",
                "2c00", "0180", "0800", "0100", "636d7000", // cmp
                "2000", "0280", "0800", "0100", "00000008", "0800", "0200", "00000000",
                "0c00", "0380", "0800", "0100", "0a010000",
                "1400", "0180", "0900", "0100", "6d61737100000000", "0400", "0280"), // masq
            rule);
    }

    [Fact]
    public void AddElements_MoreThanAnAttributeHolds_AreSeveralMessages()
    {
        NfBatch batch = new(NfFamily.Inet);
        NfElement[] elements =
            [.. Enumerable.Range(0, 1000).Select(i => new NfElement(NfKey.OfPort((ushort)i), Comment: new string('x', 127)))];

        batch.AddElements("t", "s", elements);

        Assert.Equal(8, batch.Count);
    }

    [Fact]
    public void AddElements_CommentTooLong_IsRefused()
    {
        NfElement element = new(NfKey.OfPort(1), Comment: new string('x', NfElement.MaxCommentLength + 1));

        Assert.Throws<ArgumentOutOfRangeException>(() => new NfBatch(NfFamily.Inet).AddElements("t", "s", element));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("0003686900", "hi")]
    [InlineData("0104020000000003686900", "hi")]
    [InlineData("00ff6869", null)]
    [InlineData("000368", null)]
    public void TryGetComment_Records_FindsItWithinTheirBounds(string hex, string? comment) =>
        Assert.Equal(comment, NfUserData.TryGetComment(Convert.FromHexString(hex)));

    [Fact]
    public void Parsers_RandomBytes_StayWithinThem()
    {
        // A fixed seed: a failure is the same every time.
        Random random = new(20261124);
        byte[] bytes = new byte[256];

        for (int round = 0; round < 20_000; round++)
        {
            random.NextBytes(bytes);

            // Lengths and types that fit now and then.
            for (int i = 4; i < bytes.Length; i += 8)
            {
                (bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]) = ((byte)random.Next(64), 0, (byte)random.Next(12), 0);
            }

            ReadOnlySpan<byte> part = bytes.AsSpan(0, random.Next(bytes.Length));
            NfParser.ParseElements(NfMessage.NewElement, part);
            NfParser.ParseChain(NfMessage.NewChain, part);
            NfParser.ParseTable(NfMessage.NewTable, part);
            NfParser.ParseGeneration(NfMessage.NewGeneration, part);
            Linux.Netlink.Conntrack.ConntrackParser.Parse(part);
        }
    }
}
