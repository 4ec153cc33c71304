using Grpc.Core;

namespace Noded.Testing.Tests;

public sealed class GrpcFaultProxyTests : IAsyncLifetime
{
    private EchoFixture _echo = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _echo = await EchoFixture.StartAsync(Token);

    public ValueTask DisposeAsync() => _echo.DisposeAsync();

    [Fact]
    public async Task Fail_SecondCallOnly_FailsItBeforeTheServer()
    {
        GrpcFault fault = new GrpcFault.Fail(StatusCode.ResourceExhausted, "100 % \u00fc");
        _echo.Proxy.Add("/test.Echo/Unary", fault, call => call.Number == 2);

        byte[] first = await EchoAsync(1);
        RpcException second = await Assert.ThrowsAsync<RpcException>(() => EchoAsync(2));
        byte[] third = await EchoAsync(3);

        Assert.Equal([1, 3], [.. first, .. third]);
        Assert.Equal((StatusCode.ResourceExhausted, "100 % \u00fc"), (second.StatusCode, second.Status.Detail));
        Assert.Equal(2, _echo.Log.Count);
    }

    [Fact]
    public async Task Add_TwoRulesMatch_LatestAppliesUntilRemoved()
    {
        _echo.Proxy.Add("/test.Echo/*", new GrpcFault.Fail(StatusCode.Aborted));
        GrpcFaultRule later = _echo.Proxy.Add("*", new GrpcFault.Fail(StatusCode.DataLoss));

        RpcException first = await Assert.ThrowsAsync<RpcException>(() => EchoAsync(1));
        _echo.Proxy.Remove(later);
        RpcException second = await Assert.ThrowsAsync<RpcException>(() => EchoAsync(1));

        Assert.Equal((StatusCode.DataLoss, StatusCode.Aborted), (first.StatusCode, second.StatusCode));
    }

    [Fact]
    public async Task FailAfterSuccess_ServerPerforms_ClientSeesTheError()
    {
        _echo.Proxy.Add("/test.Echo/Unary", new GrpcFault.FailAfterSuccess(StatusCode.DeadlineExceeded));

        RpcException e = await Assert.ThrowsAsync<RpcException>(() => EchoAsync(5));

        Assert.Equal(StatusCode.DeadlineExceeded, e.StatusCode);
        Assert.Equal("Unary", (await _echo.Log.NextAsync(Token)).What);
        Assert.Equal([5], Assert.Single(_echo.Proxy.Calls[0].RequestMessages));
        Assert.Equal(GrpcCallEnd.Injected, (await _echo.Proxy.Calls[0].Outcome.WaitAsync(Token)).End);
    }

    [Fact]
    public async Task FailAfterSuccess_ServerFailsItself_ItsOwnFailurePasses()
    {
        _echo.Proxy.Add("*", new GrpcFault.FailAfterSuccess(StatusCode.DeadlineExceeded));

        RpcException e = await Assert.ThrowsAsync<RpcException>(
            async () => await _echo.Client.AsyncUnaryCall(EchoMethods.Refuse, null, default, [1]));

        Assert.Equal(StatusCode.FailedPrecondition, e.StatusCode);
    }

    [Fact]
    public async Task Delay_UntilTheClockAdvances_ThenForwards()
    {
        _echo.Proxy.Add("*", new GrpcFault.Delay(TimeSpan.FromMinutes(2)));
        Task<byte[]> call = EchoAsync(4);

        TimeSpan armed = await _echo.Clock.WaitForTimerAsync(Token);
        bool early = call.IsCompleted || _echo.Log.Count > 0;
        _echo.Clock.Advance(armed);

        Assert.Equal((TimeSpan.FromMinutes(2), false), (armed, early));
        Assert.Equal([4], await call);
    }

    [Fact]
    public async Task Hold_UntilReleased_ThenForwards()
    {
        GrpcFaultRule rule = _echo.Proxy.Add("/test.Echo/Unary", new GrpcFault.Hold());
        Task<byte[]> call = EchoAsync(4);
        await _echo.Proxy.WaitForCallAsync("/test.Echo/Unary", Token);
        bool early = call.IsCompleted || _echo.Log.Count > 0;

        rule.Release();

        Assert.False(early);
        Assert.Equal([4], await call);
    }

    [Fact]
    public async Task Hang_ClientGivesUp_ServerNeverHearsOfIt()
    {
        _echo.Proxy.Add("*", new GrpcFault.Hang());
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task<byte[]> call = EchoAsync(4, patience.Token);
        GrpcCall seen = await _echo.Proxy.WaitForCallAsync("/test.Echo/Unary", Token);

        await patience.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call)).StatusCode);
        Assert.Equal(GrpcCallEnd.ClientGone, (await seen.Outcome.WaitAsync(Token)).End);
        Assert.Equal(0, _echo.Log.Count);
    }

    [Fact]
    public async Task Hang_Released_IsUnavailable()
    {
        GrpcFaultRule rule = _echo.Proxy.Add("*", new GrpcFault.Hang());
        Task<byte[]> call = EchoAsync(4);
        await _echo.Proxy.WaitForCallAsync("/test.Echo/Unary", Token);

        rule.Release();

        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => call)).StatusCode);
        Assert.Equal(0, _echo.Log.Count);
    }

    [Fact]
    public async Task Cut_AfterTwoMessages_BreaksTheStreamAndTheNextCallReconnects()
    {
        _echo.Proxy.Add("/test.Echo/Watch", new GrpcFault.Cut(AfterMessages: 2));
        using AsyncServerStreamingCall<byte[]> watch =
            _echo.Client.AsyncServerStreamingCall(EchoMethods.Watch, null, new(cancellationToken: Token), [1, 2, 3]);
        List<byte> seen = [];

        RpcException e = await Assert.ThrowsAsync<RpcException>(() => DrainAsync(watch.ResponseStream, seen));

        Assert.True(e.StatusCode is StatusCode.Unavailable or StatusCode.Internal);
        Assert.True(seen is [] or [1] or [1, 2]);
        Assert.Equal("Watch cancelled", (await _echo.Log.NextAsync(Token)).What);
        Assert.Equal(GrpcCallEnd.Cut, (await _echo.Proxy.Calls[0].Outcome.WaitAsync(Token)).End);
        Assert.Equal([9], await EchoAsync(9));
    }

    [Fact]
    public async Task CutCalls_StreamOpen_BreaksItAfterWhatWasRead()
    {
        using AsyncServerStreamingCall<byte[]> watch =
            _echo.Client.AsyncServerStreamingCall(EchoMethods.Watch, null, new(cancellationToken: Token), [1, 2, 3]);
        List<byte> seen = [];
        Assert.True(await watch.ResponseStream.MoveNext(Token));
        Assert.True(await watch.ResponseStream.MoveNext(Token));
        Assert.True(await watch.ResponseStream.MoveNext(Token));

        _echo.Proxy.CutCalls("/test.Echo/Watch");

        await Assert.ThrowsAsync<RpcException>(() => DrainAsync(watch.ResponseStream, seen));
        Assert.Empty(seen);
        Assert.Equal(GrpcCallEnd.Cut, (await _echo.Proxy.Calls[0].Outcome.WaitAsync(Token)).End);
    }

    [Fact]
    public async Task WaitForCallAsync_SecondCall_IsNotSatisfiedByTheFirst()
    {
        Task<GrpcCall> second = _echo.Proxy.WaitForCallAsync("/test.Echo/Unary", Token, number: 2);

        await EchoAsync(1);
        bool early = second.IsCompleted;
        await EchoAsync(2);

        Assert.False(early);
        Assert.Equal([2], Assert.Single((await second).RequestMessages));
    }

    [Theory]
    [InlineData(1, new byte[] { 0, 0, 0, 0, 2, 7, 7, 0, 0, 0, 0, 1, 9 }, 7)]
    [InlineData(2, new byte[] { 0, 0, 0, 0, 2, 7, 7, 0, 0, 0, 0, 1, 9 }, 13)]
    [InlineData(1, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 5)]
    [InlineData(0, new byte[] { 0, 0, 0, 0, 0 }, 0)]
    public void Take_BytesInEveryPartition_StopsAtTheSameBoundary(int messages, byte[] wire, int expected)
    {
        for (int first = 0; first <= wire.Length; first++)
        {
            GrpcMessageLimit limit = new(messages);

            int taken = limit.Take(wire.AsSpan(0, first)) + limit.Take(wire.AsSpan(first));

            Assert.Equal((expected, true), (taken, limit.IsReached));
        }
    }

    private async Task<byte[]> EchoAsync(byte value, CancellationToken? cancellationToken = null)
    {
        CallOptions options = new(cancellationToken: cancellationToken ?? Token);
        return await _echo.Client.AsyncUnaryCall(EchoMethods.Unary, null, options, [value]);
    }

    private static async Task DrainAsync(IAsyncStreamReader<byte[]> stream, List<byte> into)
    {
        while (await stream.MoveNext(Token))
        {
            into.AddRange(stream.Current);
        }
    }
}
