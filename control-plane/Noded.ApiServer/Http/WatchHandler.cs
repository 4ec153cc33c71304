using System.Buffers;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.Store;

namespace Noded.ApiServer.Http;

/// <summary>Answers <c>watch</c>: a line of JSON for each change, until the client has enough or the time is over.</summary>
internal sealed class WatchHandler(ObjectWatcher watcher, ResponseWriter writer, TimeProvider clock)
{
    private static readonly TimeSpan LongestWatch = TimeSpan.FromHours(1);

    public async Task WatchAsync(ApiRequest request)
    {
        WatchOptions options = request.Query.Watch(request.Resource);
        AnswerForm form = AcceptHeader.Form(request.Context.Request) is { } asked and not AnswerForm.Protobuf
            ? asked
            : AnswerForm.Json;
        long seconds = request.Query.Number("timeoutSeconds") ?? 0;
        TimeSpan time = seconds > 0 && seconds < LongestWatch.TotalSeconds ? TimeSpan.FromSeconds(seconds) : LongestWatch;
        using CancellationTokenSource timeOut = new(time, clock);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted, timeOut.Token);
        try
        {
            await TellAsync(request, options, form, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client has gone, or has had its time: both are the ordinary end.
        }
    }

    private async Task TellAsync(
        ApiRequest request, WatchOptions options, AnswerForm form, CancellationToken cancellationToken)
    {
        string? ns = request.Namespace;
        bool hasBegun = false;
        bool isFirst = true;
        IAsyncEnumerator<ObjectEvent> events =
            watcher.WatchAsync(request.Resource, ns, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            Task<bool> next = events.MoveNextAsync().AsTask();
            if (!next.IsCompleted)
            {
                // The client waits for the headers before there is a first event.
                await BeginAsync(request.Context, cancellationToken);
                hasBegun = true;
            }

            while (await next)
            {
                if (!hasBegun)
                {
                    await BeginAsync(request.Context, cancellationToken);
                    hasBegun = true;
                }

                ObjectEvent change = events.Current;
                JsonObject shaped = writer.Shape(request.Context, request.Resource, change, form, isFirst);
                isFirst = false;
                await SendAsync(request.Context, change.Type, shaped, cancellationToken);
                next = events.MoveNextAsync().AsTask();
            }
        }
        catch (ApiStatusException e)
        {
            if (!hasBegun)
            {
                await BeginAsync(request.Context, cancellationToken);
            }

            await SendAsync(request.Context, "ERROR", e.ToStatus(), cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // The client begins anew after the last version that it has seen.
        }
        finally
        {
            await events.DisposeAsync();
        }
    }

    private static async Task BeginAsync(HttpContext context, CancellationToken cancellationToken)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.StatusCode = 200;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-cache, private";
        await context.Response.StartAsync(cancellationToken);
        await context.Response.Body.FlushAsync(cancellationToken);
    }

    private static async Task SendAsync(
        HttpContext context, string type, JsonObject document, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> line = new(1024);
        line.Write("{\"type\":\""u8);
        line.Write(System.Text.Encoding.ASCII.GetBytes(type));
        line.Write("\",\"object\":"u8);
        document.WriteTo(line);
        line.Write("}\n"u8);
        await context.Response.Body.WriteAsync(line.WrittenMemory, cancellationToken);
        await context.Response.Body.FlushAsync(cancellationToken);
    }
}
