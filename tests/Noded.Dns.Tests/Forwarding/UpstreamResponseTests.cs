using Noded.Dns.Forwarding;
using Noded.Dns.Wire;

namespace Noded.Dns.Tests.Forwarding;

public sealed class UpstreamResponseTests
{
    private static readonly byte[] Query = DnsMessage.Query("example.com.", "A", edns: 1232);

    [Theory]
    [InlineData(0, "example.com. 60 A 192.0.2.1|example.com. 20 A 192.0.2.2", "", 20)]
    [InlineData(0, "example.com. 60 A 192.0.2.1", "example.com. 5 SOA 5", 60)]
    [InlineData(3, "", "example.com. 60 SOA 30", 30)]
    [InlineData(3, "", "example.com. 10 SOA 30", 10)]
    [InlineData(0, "", "example.com. 60 SOA 30", 30)]
    [InlineData(0, "", "", 0)]
    [InlineData(3, "", "", 0)]
    [InlineData(2, "", "example.com. 60 SOA 30", 0)]
    [InlineData(5, "", "", 0)]
    [InlineData(0, "example.com. 0 A 192.0.2.1", "", 0)]
    public void TryRead_Records_SayHowLongItMayBeKept(int code, string answers, string authority, int lifetime) =>
        Assert.Equal(
            (uint)lifetime,
            Read(DnsMessage.Answer(Query, Split(answers), Split(authority), code))!.Lifetime);

    [Fact]
    public void Write_Later_HasWhatIsLeftOfTheTime()
    {
        UpstreamResponse response = Read(DnsMessage.Answer(
            Query, ["example.com. 60 CNAME www.example.com.", "www.example.com. 5 A 192.0.2.1"]))!;

        Assert.Equal(
            "NOERROR | example.com. 50 CNAME www.example.com. | www.example.com. 0 A 192.0.2.1",
            Write(response, Query, TimeSpan.FromSeconds(10)).ToString());
    }

    [Fact]
    public void Write_AnotherAsker_HasItsIdFlagsLettersAndEdns()
    {
        UpstreamResponse response = Read(DnsMessage.Answer(Query, ["example.com. 60 A 192.0.2.1"]))!;

        DnsMessage plain = Write(response, DnsMessage.Query("EXAMPLE.com.", "A", id: 7, flags: 0), TimeSpan.Zero);
        DnsMessage edns = Write(response, Query, TimeSpan.Zero);

        Assert.Equal((7, "qr ra", "EXAMPLE.com. A", null), (plain.Id, plain.Flags, plain.Question, plain.EdnsSize));
        Assert.Equal((0x1234, "qr rd ra", 1232), (edns.Id, edns.Flags, edns.EdnsSize));
    }

    [Fact]
    public void Write_DoesNotFit_IsTruncatedAndEmpty()
    {
        string[] many = [.. Enumerable.Range(0, 100).Select(i => $"example.com. 60 A 192.0.2.{i}")];
        UpstreamResponse response = Read(DnsMessage.Answer(Query, many))!;
        byte[] buffer = new byte[DnsHeader.UdpSize];
        _ = DnsQuery.Read(Query, new byte[DnsQuery.BufferLength], out DnsQuery query);

        DnsMessage answer = new(buffer.AsSpan(0, response.Write(query, TimeSpan.Zero, buffer, buffer.Length)));

        Assert.Equal(("qr tc rd ra", 0, 1232), (answer.Flags, answer.Answers.Count, answer.EdnsSize));
        Assert.Equal(100, Write(response, Query, TimeSpan.Zero).Answers.Count);
    }

    [Fact]
    public void TryRead_RecordsBehindEdns_AreLeftOut()
    {
        byte[] message = DnsMessage.Answer(Query, ["example.com. 60 A 192.0.2.1"]);
        byte[] more = [.. message, .. message[29..^11]];
        more[11] = 2;

        Assert.Equal("NOERROR | example.com. 60 A 192.0.2.1", Write(Read(more)!, Query, TimeSpan.Zero).ToString());
    }

    [Fact]
    public void TryRead_CutOff_IsMalformed()
    {
        byte[] message = DnsMessage.Answer(Query, ["example.com. 60 A 192.0.2.1"], ["example.com. 60 SOA 30"]);

        Assert.All(Enumerable.Range(12, message.Length - 12), length => Assert.Null(Read(message[..length])));
    }

    [Fact]
    public void IsAnswerTo_RefusalWithoutAQuestion_IsOneThatCannotBeRead()
    {
        byte[] refusal = [0x12, 0x34, 0x81, 0x85, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] nothing = [0x12, 0x34, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];

        Assert.True(UpstreamResponse.IsAnswerTo(refusal, Query, 17));
        Assert.Null(Read(refusal));
        Assert.False(UpstreamResponse.IsAnswerTo(nothing, Query, 17));
    }

    [Fact]
    public void AddAnswersTo_AnotherName_WritesThemWithoutPointers()
    {
        // www.example.com. CNAME with pointers into the question and into each other.
        byte[] message =
        [
            .. DnsMessage.Answer(DnsMessage.Query("www.example.com.", "A"), [])[..33],
            0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, .. "x"u8, 0xc0, 16,
            0xc0, 45, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1,
        ];
        message[7] = 2;
        UpstreamResponse response = UpstreamResponse.TryRead(message, 21)!;
        byte[] buffer = new byte[512];
        _ = DnsQuery.Read(DnsMessage.Query("a.b.", "A"), new byte[DnsQuery.BufferLength], out DnsQuery query);
        ResponseWriter writer = new(query, buffer, buffer.Length, isAuthoritative: true);

        response.AddAnswersTo(ref writer);

        Assert.Equal(
            "NOERROR | www.example.com. 60 CNAME x.example.com. | x.example.com. 60 A 192.0.2.1",
            new DnsMessage(buffer.AsSpan(0, writer.Finish(ResponseCode.NoError))).ToString());
    }

    private static string[] Split(string records) => records.Split('|', StringSplitOptions.RemoveEmptyEntries);

    private static UpstreamResponse? Read(byte[] message) => UpstreamResponse.TryRead(message, 17);

    private static DnsMessage Write(UpstreamResponse response, byte[] asked, TimeSpan age)
    {
        byte[] buffer = new byte[DnsHeader.MaxMessageLength];
        _ = DnsQuery.Read(asked, new byte[DnsQuery.BufferLength], out DnsQuery query);
        return new DnsMessage(buffer.AsSpan(0, response.Write(query, age, buffer, buffer.Length)));
    }
}
