using Noded.Dns.Wire;

namespace Noded.Dns.Tests.Wire;

public sealed class DnsQueryTests
{
    private static readonly byte[] Golden =
    [
        0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1,
        3, .. "WEB"u8, 7, .. "default"u8, 0, 0, 28, 0, 1,
        0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0,
    ];

    [Fact]
    public void Read_WithEdns_IsAllThatItSays()
    {
        Assert.Equal(QueryError.None, DnsQuery.Read(Golden, new byte[DnsQuery.BufferLength], out DnsQuery query));

        Assert.Equal((0x1234, 0x0100), (query.Id, query.Flags));
        Assert.Equal("3:web 7:default", string.Join(' ', Labels(query)));
        Assert.Equal((RecordType.Aaaa, (ushort)1), (query.Type, query.Class));
        Assert.Equal((true, 4096, true, (byte)0), (query.HasEdns, query.UdpSize, query.IsDnssecOk, query.EdnsVersion));
        Assert.Equal("\u0003WEB\u0007default\0\0\u001c\0\u0001", System.Text.Encoding.ASCII.GetString(query.Question));
    }

    [Fact]
    public void Read_EverythingCutOff_IsMalformedOrIgnored()
    {
        for (int length = 0; length < Golden.Length; length++)
        {
            QueryError expected = length < DnsHeader.Length ? QueryError.Ignore : QueryError.FormErr;

            Assert.Equal(expected, Read(Golden[..length]));
        }
    }

    [Theory]
    [InlineData(2, 0x80, QueryError.Ignore)]
    [InlineData(2, 0x10, QueryError.NotImp)]
    [InlineData(2, 0x28, QueryError.NotImp)]
    [InlineData(5, 0, QueryError.FormErr)]
    [InlineData(5, 2, QueryError.FormErr)]
    [InlineData(4, 1, QueryError.FormErr)]
    [InlineData(7, 3, QueryError.FormErr)]
    [InlineData(11, 2, QueryError.FormErr)]
    [InlineData(11, 3, QueryError.FormErr)]
    [InlineData(12, 0xc0, QueryError.FormErr)]
    [InlineData(12, 0x43, QueryError.FormErr)]
    public void Read_AnotherByte_IsThatError(int offset, byte value, object error)
    {
        byte[] message = [.. Golden];
        message[offset] = value;

        Assert.Equal(error, Read(message));
    }

    [Fact]
    public void Read_EdnsTwiceOrElsewhere_IsMalformed()
    {
        byte[] twice = [.. Golden, .. Golden[^11..]];
        twice[11] = 2;
        byte[] inAnswers = [.. Golden];
        (inAnswers[7], inAnswers[11]) = (1, 0);

        Assert.Equal((QueryError.FormErr, QueryError.FormErr), (Read(twice), Read(inAnswers)));
    }

    [Theory]
    [InlineData(100, 512)]
    [InlineData(512, 512)]
    [InlineData(1400, 1400)]
    public void Read_UdpSize_IsNotBelowWhatEverybodyTakes(int said, int size)
    {
        byte[] message = DnsMessage.Query("a.", "A", edns: said);

        _ = DnsQuery.Read(message, new byte[DnsQuery.BufferLength], out DnsQuery query);

        Assert.Equal(size, query.UdpSize);
    }

    [Fact]
    public void Read_LongestName_IsRead()
    {
        string label = new('a', 61);
        string longest = string.Join('.', label, label, label, label) + ".aaaaa.";
        _ = DnsQuery.Read(DnsMessage.Query(longest, "A"), new byte[DnsQuery.BufferLength], out DnsQuery query);

        Assert.Equal((255, 5), (query.Name.Length, query.LabelCount));
        Assert.Equal(QueryError.FormErr, Read(DnsMessage.Query("a" + longest[..^1] + "a.", "A")));
        string many = string.Concat(Enumerable.Repeat("a.", 127));
        _ = DnsQuery.Read(DnsMessage.Query(many, "A"), new byte[DnsQuery.BufferLength], out query);
        Assert.Equal(127, query.LabelCount);
    }

    private static QueryError Read(byte[] message) => DnsQuery.Read(message, new byte[DnsQuery.BufferLength], out _);

    private static List<string> Labels(in DnsQuery query)
    {
        List<string> labels = [];
        for (int i = 0; i < query.LabelCount; i++)
        {
            labels.Add($"{query.Label(i).Length}:{System.Text.Encoding.ASCII.GetString(query.Label(i))}");
        }

        return labels;
    }
}
