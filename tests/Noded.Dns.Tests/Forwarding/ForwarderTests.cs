using System.Collections.Immutable;
using System.Net;
using Noded.Dns.Forwarding;
using Noded.Dns.Wire;
using Noded.Testing;
using Prometheus;

namespace Noded.Dns.Tests.Forwarding;

/// <summary>Upstream resolvers that are slow, wrong or gone. Time is a test's where it counts.</summary>
public sealed class ForwarderTests : IAsyncDisposable
{
    private static readonly string[] Good = ["example.com. 60 A 192.0.2.1"];

    private readonly FakeUpstream _first = new();
    private readonly FakeUpstream _second = new();
    private readonly TestClock _clock = new();
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ask_GoodAnswer_IsThatOfTheFirstServer()
    {
        _first.OverUdp = query => [DnsMessage.Answer(query, Good)];

        Assert.Equal("NOERROR | example.com. 60 A 192.0.2.1", await AskAsync(NewForwarder()));
        Assert.Equal((1, 0), (_first.Queries, _second.Queries));
    }

    [Fact]
    public async Task Ask_Flags_ArePassedOnAndTheIdIsNot()
    {
        Task<UpstreamResponse?> asking = NewForwarder().AskAsync(
            Question(DnsMessage.Query("exAmple.com.", "A", edns: 4096, flags: 0x0130)), Token);
        DnsMessage asked = await _first.WaitForQueryAsync(Token);
        await asking;

        Assert.Equal(("exAmple.com. A", "rd ad cd", 1232), (asked.Question, asked.Flags, asked.EdnsSize));
        Assert.Equal(0xbeef, asked.Id);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Ask_FirstFails_TheSecondAnswersAndIsAskedFirstFromThenOn(int code)
    {
        _first.OverUdp = query => [DnsMessage.Answer(query, [], code: code)];
        _second.OverUdp = query => [DnsMessage.Answer(query, Good)];
        Forwarder forwarder = NewForwarder();

        Assert.Equal("NOERROR | example.com. 60 A 192.0.2.1", await AskAsync(forwarder));
        await AskAsync(forwarder);
        Assert.Equal((1, 2), (_first.Queries, _second.Queries));
    }

    [Fact]
    public async Task Ask_FirstIsSilent_TheSecondAnswersAfterItsTime()
    {
        _first.OverUdp = _ => [];
        _second.OverUdp = query => [DnsMessage.Answer(query, Good)];

        Task<string> asking = AskAsync(NewForwarder());
        await _first.WaitForQueryAsync(Token);
        _clock.Advance(Forwarder.ServerTimeout);

        Assert.Equal("NOERROR | example.com. 60 A 192.0.2.1", await asking);
    }

    [Fact]
    public async Task Ask_AllAreSilent_EndsWithNothingAfterTwoRounds()
    {
        _first.OverUdp = _ => [];
        _second.OverUdp = _ => [];

        Task<string> asking = AskAsync(NewForwarder());
        await _first.WaitForQueryAsync(Token);
        _clock.Advance(Forwarder.ServerTimeout);
        await _second.WaitForQueryAsync(Token);
        _clock.Advance(Forwarder.ServerTimeout);
        await _first.WaitForQueryAsync(Token);
        _clock.Advance(Forwarder.Timeout - (2 * Forwarder.ServerTimeout));

        Assert.Equal("nothing", await asking);
        Assert.Equal((2, 1), (_first.Queries, _second.Queries));
    }

    [Fact]
    public async Task Ask_NobodyIsThere_EndsWithNothingAtOnce()
    {
        IPEndPoint nobody = new(LoopbackAddress.Next(), 53);

        Assert.Equal("nothing", await AskAsync(NewForwarder(nobody)));
    }

    [Fact]
    public async Task Ask_NoServers_EndsWithNothing() => Assert.Equal("nothing", await AskAsync(NewForwarder([])));

    [Fact]
    public async Task Ask_AllFail_IsTheLastOnesAnswer()
    {
        _first.OverUdp = query => [DnsMessage.Answer(query, [], code: 2)];
        _second.OverUdp = query => [DnsMessage.Answer(query, [], code: 5)];

        Assert.Equal("REFUSED", await AskAsync(NewForwarder()));
        Assert.Equal((1, 1), (_first.Queries, _second.Queries));
    }

    [Fact]
    public async Task Ask_StrayDatagramsBeforeTheAnswer_ArePassedOver()
    {
        _first.OverUdp = query =>
        [
            Changed(DnsMessage.Answer(query, ["example.com. 60 A 6.6.6.6"]), 0, 0x55),
            DnsMessage.Answer(DnsMessage.Query("other.com.", "A", id: 0xbeef), ["other.com. 60 A 6.6.6.6"]),
            Changed(DnsMessage.Answer(query, ["example.com. 60 A 6.6.6.6"]), 2, 0x01),
            query,
            [],
            [1, 2, 3],
            DnsMessage.Answer(query, Good),
        ];

        Assert.Equal("NOERROR | example.com. 60 A 192.0.2.1", await AskAsync(NewForwarder()));
    }

    [Fact]
    public async Task Ask_NothingButStrayDatagrams_GoesOnToTheNext()
    {
        _first.OverUdp = query => [.. Enumerable.Repeat(Changed(DnsMessage.Answer(query, Good), 0, 0x55), 40)];
        _second.OverUdp = query => [DnsMessage.Answer(query, Good)];

        Assert.Equal("NOERROR | example.com. 60 A 192.0.2.1", await AskAsync(NewForwarder()));
    }

    [Fact]
    public async Task Ask_MalformedAnswer_GoesOnToTheNext()
    {
        _first.OverUdp = query => [DnsMessage.Answer(query, Good)[..^1]];
        _second.OverUdp = query => [DnsMessage.Answer(query, Good)];

        Assert.Equal("NOERROR | example.com. 60 A 192.0.2.1", await AskAsync(NewForwarder()));
    }

    [Fact]
    public async Task Ask_Truncated_IsAskedAgainOverTcp()
    {
        _first.OverUdp = query => [DnsMessage.Answer(query, [], flags: 0x8380)];
        _first.OverTcp = query => DnsMessage.Answer(query, Good);

        Assert.Equal("NOERROR | example.com. 60 A 192.0.2.1", await AskAsync(NewForwarder()));
        Assert.Equal((2, 0), (_first.Queries, _second.Queries));
    }

    [Fact]
    public async Task Ask_TruncatedAndNoTcp_GoesOnToTheNext()
    {
        _first.OverUdp = query => [DnsMessage.Answer(query, [], flags: 0x8380)];
        _second.OverUdp = query => [DnsMessage.Answer(query, Good)];

        Assert.Equal("NOERROR | example.com. 60 A 192.0.2.1", await AskAsync(NewForwarder()));
    }

    [Fact]
    public async Task Ask_TruncatedAndNobodyHasTcp_IsTruncated()
    {
        _first.OverUdp = query => [DnsMessage.Answer(query, [], flags: 0x8380)];

        UpstreamResponse? answer = await NewForwarder(_first.Address)
            .AskAsync(Question(DnsMessage.Query("example.com.", "A")), Token);

        Assert.True(answer!.IsTruncated);
    }

    [Fact]
    public async Task Ask_Cancelled_Ends()
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        _first.OverUdp = _ => [];
        Task asking = NewForwarder().AskAsync(Question(DnsMessage.Query("example.com.", "A")), stop.Token);
        await _first.WaitForQueryAsync(Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public void Enter_MoreThanTheLimit_IsRefusedUntilOneLeaves()
    {
        Forwarder forwarder = NewForwarder();
        Assert.All(Enumerable.Range(0, Forwarder.MaxConcurrent), _ => Assert.True(forwarder.TryEnter()));

        Assert.False(forwarder.TryEnter());
        forwarder.Leave();
        Assert.True(forwarder.TryEnter());
    }

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    private Forwarder NewForwarder() => NewForwarder(_first.Address, _second.Address);

    private Forwarder NewForwarder(params ImmutableArray<IPEndPoint> servers) =>
        new(() => servers, new DnsMetrics(_registry), () => 0xbeef, _clock);

    private static UpstreamQuestion Question(byte[] message)
    {
        _ = DnsQuery.Read(message, new byte[DnsQuery.BufferLength], out DnsQuery query);
        return UpstreamQuestion.Of(query);
    }

    private static async Task<string> AskAsync(Forwarder forwarder)
    {
        byte[] message = DnsMessage.Query("example.com.", "A");
        return await forwarder.AskAsync(Question(message), Token) is { } answer
            ? Text(answer, message)
            : "nothing";
    }

    private static string Text(UpstreamResponse answer, byte[] message)
    {
        byte[] buffer = new byte[4096];
        _ = DnsQuery.Read(message, new byte[DnsQuery.BufferLength], out DnsQuery query);
        return new DnsMessage(buffer.AsSpan(0, answer.Write(query, TimeSpan.Zero, buffer, buffer.Length))).ToString();
    }

    private static byte[] Changed(byte[] message, int offset, byte value)
    {
        message[offset] = value;
        return message;
    }
}
