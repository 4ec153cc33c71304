using System.Globalization;
using System.Text;
using Noded.Dns.Forwarding;
using Noded.Testing;

namespace Noded.Dns.Tests.Forwarding;

public sealed class ResponseCacheTests
{
    private readonly TestClock _clock = new();

    [Theory]
    [InlineData(10, 9, true)]
    [InlineData(10, 10, false)]
    [InlineData(3600, 29, true)]
    [InlineData(3600, 30, false)]
    [InlineData(0, 0, false)]
    public void TryGet_Later_IsThereForAsLongAsItSaysButNoLongerThanTheLimit(int ttl, int seconds, bool isThere)
    {
        ResponseCache cache = new(TimeSpan.FromSeconds(30), _clock);
        cache.Add("a"u8, AResponse(ttl));

        _clock.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(isThere, cache.TryGet("a"u8, out TimeSpan age) is not null);
        Assert.Equal(TimeSpan.FromSeconds(ttl == 0 ? 0 : seconds), age);
    }

    [Fact]
    public void Add_MoreThanFits_KeepsTheNewestAndStaysBounded()
    {
        ResponseCache cache = new(TimeSpan.FromSeconds(30), _clock, maxEntries: 100);
        for (int i = 0; i < 1000; i++)
        {
            cache.Add(Key(i), AResponse(60));
            Assert.InRange(cache.Count, 1, 200);
        }

        Assert.All(Enumerable.Range(900, 100), i => Assert.NotNull(cache.TryGet(Key(i), out _)));
        Assert.Null(cache.TryGet(Key(0), out _));
    }

    [Fact]
    public void Add_LargeAnswers_AreBoundedInBytes()
    {
        ResponseCache cache = new(TimeSpan.FromSeconds(30), _clock, maxBytes: 32 * 200);
        for (int i = 0; i < 1000; i++)
        {
            cache.Add(Key(i), AResponse(60, answers: 8));
        }

        Assert.InRange(cache.Count, 1, 100);
        cache.Add("huge"u8, AResponse(60, answers: 100));
        Assert.Null(cache.TryGet("huge"u8, out _));
    }

    [Fact]
    public void Add_Truncated_IsNotKept()
    {
        ResponseCache cache = new(TimeSpan.FromSeconds(30), _clock);

        cache.Add("a"u8, UpstreamResponse.TryRead(
            DnsMessage.Answer(DnsMessage.Query("a.", "A"), ["a. 60 A 192.0.2.1"], flags: 0x8380), 7)!);

        Assert.Null(cache.TryGet("a"u8, out _));
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    private static UpstreamResponse AResponse(int ttl, int answers = 1) => UpstreamResponse.TryRead(
        DnsMessage.Answer(
            DnsMessage.Query("a.", "A"), [.. Enumerable.Range(0, answers).Select(i => $"a. {ttl} A 192.0.2.{i}")]),
        7)!;
}
