using System.Buffers;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Http;

/// <summary>A watch in JSON: a line for each notice, in the form that the client prefers.</summary>
internal sealed class WatchLines(HttpContext context, Resource resource, AnswerForm form, ResponseWriter writer)
    : WatchAnswer(context, "application/json")
{
    private readonly HttpContext _context = context;
    private readonly string _mediaType = $"{form} {resource.Definition.GroupVersion}";
    private bool _isFirstTable = true;

    protected override void Write(WatchNotice<ObjectFacts> notice)
    {
        Begin(TypeOf(notice.Type));
        if (notice.Object is not { } found)
        {
            BookmarkOf(notice).WriteTo(Output);
        }
        else if (form == AnswerForm.Json && resource.IsStoredVersion)
        {
            StoredJson.Write(Output, found.Stored);
        }
        else if (form == AnswerForm.Table)
        {
            // Ages and the wished columns differ from watch to watch.
            writer.TableOf(_context, resource, ObjectReader.Decode(resource, found.Stored), TakeFirst()).WriteTo(Output);
        }
        else
        {
            Output.Write((notice.IsInitial ? Encode(found) : found.Encoded(_mediaType, Encode)).Span);
        }

        Output.Write("}\n"u8);
    }

    protected override void Write(JsonObject status)
    {
        Begin("ERROR"u8);
        status.WriteTo(Output);
        Output.Write("}\n"u8);
    }

    private void Begin(ReadOnlySpan<byte> type)
    {
        Output.Write("{\"type\":\""u8);
        Output.Write(type);
        Output.Write("\",\"object\":"u8);
    }

    private ReadOnlyMemory<byte> Encode(CachedObject<ObjectFacts> found)
    {
        JsonObject document = ObjectReader.Decode(resource, found.Stored);
        return (form == AnswerForm.Partial ? ResponseWriter.PartialOf(_context, document) : document).ToUtf8();
    }

    private JsonObject BookmarkOf(WatchNotice<ObjectFacts> notice)
    {
        JsonObject document = Bookmark(resource, notice);
        return form switch
        {
            AnswerForm.Table => writer.BookmarkTableOf(_context, resource, document, TakeFirst()),
            AnswerForm.Partial => ResponseWriter.PartialOf(_context, document),
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
