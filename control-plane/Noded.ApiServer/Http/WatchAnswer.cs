using System.IO.Pipelines;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Http;

/// <summary>The answer to a watch, which goes on as long as there is something to tell.</summary>
internal abstract class WatchAnswer(HttpContext context, string mediaType)
{
    private const int FlushFrom = 64 << 10;
    private const string InitialEventsEnd = "k8s.io/initial-events-end";

    private bool _hasBegun;

    protected PipeWriter Output => context.Response.BodyWriter;

    public async Task WriteAsync(WatchNotice<ObjectFacts> notice, CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        Write(notice);
        if (Output.UnflushedBytes >= FlushFrom)
        {
            await Output.FlushAsync(cancellationToken);
        }
    }

    /// <summary>Tells why the watch ends.</summary>
    public async Task WriteErrorAsync(ApiStatusException error, CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        Write(error.ToStatus());
        await FlushAsync(cancellationToken);
    }

    /// <summary>Sends what there is; the client waits for the headers even if there is nothing to tell.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        await Output.FlushAsync(cancellationToken);
    }

    protected abstract void Write(WatchNotice<ObjectFacts> notice);

    /// <summary>Writes an event of type <c>ERROR</c>.</summary>
    protected abstract void Write(JsonObject status);

    protected static ReadOnlySpan<byte> TypeOf(NoticeType type) => type switch
    {
        NoticeType.Added => "ADDED"u8,
        NoticeType.Modified => "MODIFIED"u8,
        NoticeType.Deleted => "DELETED"u8,
        _ => "BOOKMARK"u8,
    };

    /// <summary>An object of the watched kind that says nothing but how far the watch is.</summary>
    protected static JsonObject Bookmark(Resource resource, WatchNotice<ObjectFacts> notice)
    {
        JsonObject document = new()
        {
            ["kind"] = resource.Definition.Kind,
            ["apiVersion"] = resource.Definition.GroupVersion,
            ["metadata"] = new JsonObject { ["creationTimestamp"] = null },
        };
        if (notice.EndsInitialEvents)
        {
            document.Metadata()["annotations"] = new JsonObject { [InitialEventsEnd] = "true" };
        }

        return document.WithRevision(notice.Revision);
    }

    private async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.StatusCode = 200;
        context.Response.ContentType = mediaType;
        context.Response.Headers.CacheControl = "no-cache, private";
        await context.Response.StartAsync(cancellationToken);
    }
}
