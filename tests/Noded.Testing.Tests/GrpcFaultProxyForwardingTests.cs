using Grpc.Core;

namespace Noded.Testing.Tests;

/// <summary>Without rules the proxy is not there.</summary>
public sealed class GrpcFaultProxyForwardingTests : IAsyncLifetime
{
    private EchoFixture _echo = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _echo = await EchoFixture.StartAsync(Token);

    public ValueTask DisposeAsync() => _echo.DisposeAsync();

    [Fact]
    public async Task Unary_MetadataAndBinaryTrailers_PassBothWays()
    {
        CallOptions options = Options().WithHeaders([new("x-ask", "k8s.io"), new("containerd-namespace", "k8s.io")]);

        using AsyncUnaryCall<byte[]> call = _echo.Client.AsyncUnaryCall(EchoMethods.Unary, null, options, [1, 2]);

        Assert.Equal([1, 2], await call);
        Assert.Equal("k8s.io", (await call.ResponseHeadersAsync).GetValue("x-header"));
        Assert.Equal("k8s.io", call.GetTrailers().GetValue("x-trailer"));
        Assert.Equal([0, 255, 10], call.GetTrailers().GetValueBytes("x-trailer-bin"));
        Assert.Equal("k8s.io", _echo.Proxy.Calls[0].Headers["containerd-namespace"]);
    }

    [Fact]
    public async Task Unary_SixteenMebibytes_PassBothWays()
    {
        // Five bytes of framing and the limit itself are the server's to count.
        byte[] large = new byte[(16 * 1024 * 1024) - 64];
        Random.Shared.NextBytes(large);

        byte[] answer = await _echo.Client.AsyncUnaryCall(EchoMethods.Unary, null, Options(), large);

        Assert.True(large.AsSpan().SequenceEqual(answer));
        Assert.True(large.AsSpan().SequenceEqual(Assert.Single(_echo.Proxy.Calls[0].RequestMessages)));
    }

    [Fact]
    public async Task Unary_ServerFails_StatusDetailAndTrailersPass()
    {
        using AsyncUnaryCall<byte[]> call = _echo.Client.AsyncUnaryCall(EchoMethods.Refuse, null, Options(), [1]);

        RpcException e = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);

        Assert.Equal((StatusCode.FailedPrecondition, "no: 100 % \u00fc"), (e.StatusCode, e.Status.Detail));
        Assert.Equal([7], e.Trailers.GetValueBytes("x-why-bin"));
        GrpcOutcome outcome = await _echo.Proxy.Calls[0].Outcome.WaitAsync(Token);
        Assert.Equal((GrpcCallEnd.Answered, StatusCode.FailedPrecondition), (outcome.End, outcome.Status));
    }

    [Fact]
    public async Task Unary_UnknownMethod_IsTheServersUnimplemented()
    {
        Marshaller<byte[]> bytes = EchoMethods.Unary.RequestMarshaller;
        Method<byte[], byte[]> unknown = new(MethodType.Unary, "test.Echo", "Nope", bytes, bytes);

        RpcException e = await Assert.ThrowsAsync<RpcException>(
            async () => await _echo.Client.AsyncUnaryCall(unknown, null, Options(), []));

        Assert.Equal(StatusCode.Unimplemented, e.StatusCode);
        Assert.Equal(GrpcCallEnd.Answered, (await _echo.Proxy.Calls[0].Outcome.WaitAsync(Token)).End);
    }

    [Fact]
    public async Task ClientStreaming_SeveralMessages_ArriveInOrder()
    {
        using AsyncClientStreamingCall<byte[], byte[]> call =
            _echo.Client.AsyncClientStreamingCall(EchoMethods.Collect, null, Options());

        await call.RequestStream.WriteAsync([1, 2], Token);
        await call.RequestStream.WriteAsync([3], Token);
        await call.RequestStream.CompleteAsync();

        Assert.Equal([1, 2, 3], await call);
        Assert.Equal([[1, 2], [3]], _echo.Proxy.Calls[0].RequestMessages);
    }

    [Fact]
    public async Task DuplexStreaming_EachMessageAnswered_BeforeTheNextIsSent()
    {
        using AsyncDuplexStreamingCall<byte[], byte[]> call =
            _echo.Client.AsyncDuplexStreamingCall(EchoMethods.Chat, null, Options());

        Assert.Equal("hello"u8.ToArray(), await NextAsync(call.ResponseStream));
        await call.RequestStream.WriteAsync([1], Token);
        Assert.Equal([1], await NextAsync(call.ResponseStream));
        await call.RequestStream.WriteAsync([2], Token);
        Assert.Equal([2], await NextAsync(call.ResponseStream));
        await call.RequestStream.CompleteAsync();

        Assert.False(await call.ResponseStream.MoveNext(Token));
    }

    [Fact]
    public async Task ServerStreaming_ClientCancels_ServerIsTold()
    {
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using AsyncServerStreamingCall<byte[]> call = _echo.Client.AsyncServerStreamingCall(
            EchoMethods.Watch, null, new CallOptions(cancellationToken: cancellation.Token), [8, 9]);
        Assert.Equal([8], await NextAsync(call.ResponseStream));
        Assert.Equal([9], await NextAsync(call.ResponseStream));

        await cancellation.CancelAsync();

        Assert.Equal("Watch cancelled", (await _echo.Log.NextAsync(Token)).What);
        Assert.Equal(GrpcCallEnd.ClientGone, (await _echo.Proxy.Calls[0].Outcome.WaitAsync(Token)).End);
    }

    [Fact]
    public async Task ServerStreaming_ServerResetsTheStream_ClientGetsTheSameCode()
    {
        using AsyncServerStreamingCall<byte[]> call =
            _echo.Client.AsyncServerStreamingCall(EchoMethods.Break, null, Options(), [1]);

        RpcException e = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(Token))
            {
            }
        });

        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
        Assert.Equal(GrpcCallEnd.UpstreamGone, (await _echo.Proxy.Calls[0].Outcome.WaitAsync(Token)).End);
    }

    [Fact]
    public async Task Unary_WithDeadline_ServerSeesIt()
    {
        CallOptions options = Options().WithDeadline(TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5));

        await _echo.Client.AsyncUnaryCall(EchoMethods.Unary, null, options, []);

        Assert.NotEqual(DateTime.MaxValue, (await _echo.Log.NextAsync(Token)).Deadline);
    }

    [Fact]
    public async Task Unary_ServerGone_IsUnavailable()
    {
        await _echo.StopServerAsync();

        RpcException e = await Assert.ThrowsAsync<RpcException>(
            async () => await _echo.Client.AsyncUnaryCall(EchoMethods.Unary, null, Options(), []));

        Assert.Equal(StatusCode.Unavailable, e.StatusCode);
        Assert.Equal(GrpcCallEnd.Injected, (await _echo.Proxy.Calls[0].Outcome.WaitAsync(Token)).End);
    }

    private static CallOptions Options() => new(cancellationToken: Token);

    private static async Task<byte[]> NextAsync(IAsyncStreamReader<byte[]> stream)
    {
        Assert.True(await stream.MoveNext(Token));
        return stream.Current;
    }
}
