using Noded.Dns.Wire;

namespace Noded.Dns.Tests.Wire;

public sealed class WireNameTests
{
    [Theory]
    [InlineData("web.default.svc", 17)]
    [InlineData("web.default.svc.", 17)]
    [InlineData(".", 1)]
    [InlineData("", null)]
    [InlineData("a..b", null)]
    [InlineData(".a", null)]
    public void TryEncode_Text_HasThatLength(string text, int? length) =>
        Assert.Equal(length, WireName.TryEncode(text)?.Length);

    [Theory]
    [InlineData(63, 1, true)]
    [InlineData(64, 1, false)]
    [InlineData(61, 4, true)]
    [InlineData(62, 4, true)]
    [InlineData(63, 4, false)]
    public void TryEncode_LongText_IsANameUpToTheLimits(int label, int labels, bool isName) =>
        Assert.Equal(
            isName, WireName.TryEncode(string.Join('.', Enumerable.Repeat(new string('a', label), labels))) is not null);

    [Fact]
    public void ToText_OfStrangeBytes_EscapesThem() =>
        Assert.Equal("a\\046b.\\000x.", WireName.ToText([3, (byte)'A', (byte)'.', (byte)'b', 2, 0, (byte)'X', 0]));

    [Fact]
    public void Expand_Pointers_AreFollowedBackwards()
    {
        byte[] message = [3, .. "com"u8, 0, 1, .. "a"u8, 0xc0, 0, 1, .. "b"u8, 0xc0, 5];
        byte[] name = new byte[255];

        int length = WireName.Expand(message, 9, name);

        Assert.Equal("b.a.com.", WireName.ToText(name.AsSpan(0, length)));
    }

    [Theory]
    [InlineData(new byte[] { 0xc0, 0 })]
    [InlineData(new byte[] { 0xc0, 2, 0xc0, 0 })]
    [InlineData(new byte[] { 0xc0, 9 })]
    [InlineData(new byte[] { 0xc0 })]
    [InlineData(new byte[] { 1, 97, 0xc0, 0 })]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 1, 97 })]
    [InlineData(new byte[] { 0x40, 97, 0 })]
    [InlineData(new byte[] { 0x80, 97, 0 })]
    public void Expand_LoopsAndRubbish_AreNoName(byte[] message) =>
        Assert.Equal(0, WireName.Expand(message, 0, new byte[255]));

    [Fact]
    public void Expand_NameThatGrowsBeyondTheLimit_IsNone()
    {
        List<byte> message = [0];
        List<int> begins = [0];
        for (int i = 0; i < 5; i++)
        {
            begins.Add(message.Count);
            message.AddRange([60, .. Enumerable.Repeat((byte)'a', 60), (byte)(0xc0 | (begins[i] >> 8)), (byte)begins[i]]);
        }

        int[] lengths = [.. begins.Select(begin => WireName.Expand(message.ToArray(), begin, new byte[512]))];

        Assert.Equal([1, 62, 123, 184, 245, 0], lengths);
    }

    [Theory]
    [InlineData(new byte[] { 0 }, 1)]
    [InlineData(new byte[] { 1, 97, 0 }, 3)]
    [InlineData(new byte[] { 1, 97, 0xc0, 0 }, 4)]
    [InlineData(new byte[] { 1, 97, 0xc0 }, -1)]
    [InlineData(new byte[] { 1, 97 }, -1)]
    [InlineData(new byte[] { 0x40 }, -1)]
    [InlineData(new byte[] { }, -1)]
    public void Skip_Name_IsItsEnd(byte[] message, int end) => Assert.Equal(end, WireName.Skip(message, 0));
}
