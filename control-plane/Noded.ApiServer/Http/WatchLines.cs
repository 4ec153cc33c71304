using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Http;

/// <summary>The answer to a watch: a line of JSON for each notice, in the form that the client prefers.</summary>
internal sealed class WatchLines(HttpContext context, Resource resource, AnswerForm form, ResponseWriter writer)
{
    private const int FlushFrom = 64 << 10;
    private const string InitialEventsEnd = "k8s.io/initial-events-end";

    private readonly string _mediaType = $"{form} {resource.Definition.GroupVersion}";
    private bool _hasBegun;
    private bool _isFirstTable = true;

    private PipeWriter Output => context.Response.BodyWriter;

    public async Task WriteAsync(WatchNotice<ObjectFacts> notice, CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        Output.Write("{\"type\":\""u8);
        Output.Write(TypeOf(notice.Type));
        Output.Write("\",\"object\":"u8);
        if (notice.Object is not { } found)
        {
            Bookmark(notice).WriteTo(Output);
        }
        else if (form == AnswerForm.Json && resource.IsStoredVersion)
        {
            StoredJson.Write(Output, found.Stored);
        }
        else if (form == AnswerForm.Table)
        {
            // Ages and the wished columns differ from watch to watch.
            writer.TableOf(context, resource, ObjectReader.Decode(resource, found.Stored), TakeFirst()).WriteTo(Output);
        }
        else
        {
            Output.Write((notice.IsInitial ? Encode(found) : found.Encoded(_mediaType, Encode)).Span);
        }

        await EndLineAsync(cancellationToken);
    }

    /// <summary>Tells why the watch ends.</summary>
    public async Task WriteErrorAsync(ApiStatusException error, CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        Output.Write("{\"type\":\"ERROR\",\"object\":"u8);
        error.ToStatus().WriteTo(Output);
        await EndLineAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    /// <summary>Sends what there is; the client waits for the headers even if there is nothing to tell.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        await Output.FlushAsync(cancellationToken);
    }

    private async ValueTask EndLineAsync(CancellationToken cancellationToken)
    {
        Output.Write("}\n"u8);
        if (Output.UnflushedBytes >= FlushFrom)
        {
            await Output.FlushAsync(cancellationToken);
        }
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
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-cache, private";
        await context.Response.StartAsync(cancellationToken);
    }

    private static ReadOnlySpan<byte> TypeOf(NoticeType type) => type switch
    {
        NoticeType.Added => "ADDED"u8,
        NoticeType.Modified => "MODIFIED"u8,
        NoticeType.Deleted => "DELETED"u8,
        _ => "BOOKMARK"u8,
    };

    private ReadOnlyMemory<byte> Encode(CachedObject<ObjectFacts> found)
    {
        JsonObject document = ObjectReader.Decode(resource, found.Stored);
        return (form == AnswerForm.Partial ? ResponseWriter.PartialOf(context, document) : document).ToUtf8();
    }

    private JsonObject Bookmark(WatchNotice<ObjectFacts> notice)
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

        document.WithRevision(notice.Revision);
        return form switch
        {
            AnswerForm.Table => writer.BookmarkTableOf(context, resource, document, TakeFirst()),
            AnswerForm.Partial => ResponseWriter.PartialOf(context, document),
            _ => document,
        };
    }

    private bool TakeFirst()
    {
        bool isFirst = _isFirstTable;
        _isFirstTable = false;
        return isFirst;
    }
}
