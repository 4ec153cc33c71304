using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Noded.Testing.Tests;

/// <summary>
/// Serves <see cref="EchoMethods"/>; its methods are virtual and named as ASP.NET wants handlers to be.
/// </summary>
[BindServiceMethod(typeof(EchoService), nameof(Bind))]
internal class EchoService(EchoLog log)
{
    // An HTTP/2 error code that nobody sends by accident; clients make ResourceExhausted of it.
    private const int EnhanceYourCalm = 11;

    // ASP.NET calls it without a service and finds the handlers by name.
    public static void Bind(ServiceBinderBase binder, EchoService? _)
    {
        binder.AddMethod(EchoMethods.Unary, (UnaryServerMethod<byte[], byte[]>)null!);
        binder.AddMethod(EchoMethods.Refuse, (UnaryServerMethod<byte[], byte[]>)null!);
        binder.AddMethod(EchoMethods.Break, (ServerStreamingServerMethod<byte[], byte[]>)null!);
        binder.AddMethod(EchoMethods.Watch, (ServerStreamingServerMethod<byte[], byte[]>)null!);
        binder.AddMethod(EchoMethods.Collect, (ClientStreamingServerMethod<byte[], byte[]>)null!);
        binder.AddMethod(EchoMethods.Chat, (DuplexStreamingServerMethod<byte[], byte[]>)null!);
    }

    public virtual async Task<byte[]> Unary(byte[] request, ServerCallContext context)
    {
        log.Add("Unary", context.Deadline);
        string asked = context.RequestHeaders.GetValue("x-ask") ?? "";
        await context.WriteResponseHeadersAsync([new Metadata.Entry("x-header", asked)]);
        context.ResponseTrailers.Add("x-trailer", asked);
        context.ResponseTrailers.Add("x-trailer-bin", [0, 255, 10]);
        return request;
    }

    public virtual Task<byte[]> Refuse(byte[] request, ServerCallContext context) =>
        throw new RpcException(
            new Status(StatusCode.FailedPrecondition, "no: 100 % \u00fc"),
            [new("x-why-bin", new byte[] { 7 })]);

    public virtual async Task Watch(byte[] request, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        foreach (byte item in request)
        {
            await responses.WriteAsync([item], context.CancellationToken);
        }

        using (context.CancellationToken.Register(() => log.Add("Watch cancelled", context.Deadline)))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        }
    }

    public virtual async Task Break(byte[] request, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        await responses.WriteAsync(request, context.CancellationToken);
        context.GetHttpContext().Features.GetRequiredFeature<IHttpResetFeature>().Reset(EnhanceYourCalm);
    }

    public virtual async Task<byte[]> Collect(IAsyncStreamReader<byte[]> requests, ServerCallContext context)
    {
        List<byte> all = [];

        while (await requests.MoveNext(context.CancellationToken))
        {
            all.AddRange(requests.Current);
        }

        return [.. all];
    }

    public virtual async Task Chat(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<byte[]> responses,
        ServerCallContext context)
    {
        await responses.WriteAsync("hello"u8.ToArray(), context.CancellationToken);

        while (await requests.MoveNext(context.CancellationToken))
        {
            await responses.WriteAsync(requests.Current, context.CancellationToken);
        }
    }
}
