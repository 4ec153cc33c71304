using Noded.ApiServer.Errors;
using Noded.ApiServer.Metering;
using Noded.ApiServer.Registries;
using Noded.ApiServer.WatchCaches;
using Noded.Store;

using Prometheus;

namespace Noded.ApiServer.Http;

/// <summary>Answers <c>watch</c>, until the client has enough or the time is over.</summary>
internal sealed class WatchHandler(
    ObjectWatcher watcher, ResponseWriter writer, ApiServerMetrics metrics, TimeProvider clock)
{
    private static readonly TimeSpan LongestWatch = TimeSpan.FromHours(1);

    public async Task WatchAsync(ApiRequest request)
    {
        WatchOptions options = request.Query.Watch(request.Resource);
        WatchAnswer answer = AcceptHeader.Form(request.Context.Request) switch
        {
            AnswerForm.Protobuf => new WatchFrames(request.Context, request.Resource),
            { } form => new WatchLines(request.Context, request.Resource, form, writer),
            null => new WatchLines(request.Context, request.Resource, AnswerForm.Json, writer),
        };
        long seconds = request.Query.Number("timeoutSeconds") ?? 0;
        TimeSpan time = seconds > 0 && seconds < LongestWatch.TotalSeconds ? TimeSpan.FromSeconds(seconds) : LongestWatch;
        using CancellationTokenSource timeOut = new(time, clock);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted, timeOut.Token);
        try
        {
            await TellAsync(request, options, answer, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client has gone, or has had its time: both are the ordinary end.
        }
    }

    private async Task TellAsync(
        ApiRequest request, WatchOptions options, WatchAnswer answer, CancellationToken cancellationToken)
    {
        RequestTarget target = request.Target;
        Counter.Child told = metrics.WatchEvents.WithLabels(target.Group, target.Version, target.Resource);
        IAsyncEnumerator<WatchNotice<ObjectFacts>> notices = watcher
            .WatchAsync(request.Resource, request.Namespace, options, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        try
        {
            while (true)
            {
                ValueTask<bool> next = notices.MoveNextAsync();
                if (!next.IsCompleted)
                {
                    await answer.FlushAsync(cancellationToken);
                }

                if (!await next)
                {
                    await answer.FlushAsync(cancellationToken);
                    return;
                }

                await answer.WriteAsync(notices.Current, cancellationToken);
                told.Inc();
            }
        }
        catch (ApiStatusException e)
        {
            await answer.WriteErrorAsync(e, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // The client begins anew after the last version that it has seen.
        }
        finally
        {
            await notices.DisposeAsync();
        }
    }
}
