using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;
using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Http;

/// <summary>
/// A watch in protobuf. Each notice is a <c>WatchEvent</c> without a frame of its own behind four bytes with its length;
/// the object in it is framed as it would be in an answer (apimachinery, runtime/serializer/protobuf).
/// </summary>
internal sealed class WatchFrames(HttpContext context, Resource resource)
    : WatchAnswer(context, $"{ProtobufReader.MediaType};stream=watch")
{
    private static readonly SchemaType StatusType = SchemaCatalog.BuiltIn["meta/v1.Status"];

    private readonly string _mediaType = $"{AnswerForm.Protobuf} {resource.Definition.GroupVersion}";

    protected override void Write(WatchNotice<ObjectFacts> notice)
    {
        if (notice.Object is not { } found)
        {
            Write(TypeOf(notice.Type), ProtobufWriter.Write(Bookmark(resource, notice), resource.Definition.Schema));
        }
        else
        {
            Write(TypeOf(notice.Type), (notice.IsInitial ? Encode(found) : found.Encoded(_mediaType, Encode)).Span);
        }
    }

    protected override void Write(JsonObject status) => Write("ERROR"u8, ProtobufWriter.Write(status, StatusType));

    private void Write(ReadOnlySpan<byte> type, ReadOnlySpan<byte> encoded)
    {
        WireWriter raw = new();
        raw.WriteBytes(1, encoded);
        WireWriter notice = new();
        notice.WriteBytes(1, type);
        notice.WriteBytes(2, raw.Written);
        BinaryPrimitives.WriteInt32BigEndian(Output.GetSpan(sizeof(int)), notice.Written.Length);
        Output.Advance(sizeof(int));
        Output.Write(notice.Written);
    }

    private ReadOnlyMemory<byte> Encode(CachedObject<ObjectFacts> found) =>
        ProtobufWriter.Write(ObjectReader.Decode(resource, found.Stored), resource.Definition.Schema);
}
