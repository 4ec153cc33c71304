using System.Text.Json.Nodes;

using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Http;

/// <summary>Answers <c>get</c> and <c>list</c>.</summary>
internal sealed class ReadHandler(ObjectReader reader, ResponseWriter writer)
{
    public async Task GetAsync(ApiRequest request)
    {
        JsonObject document = await reader.GetAsync(request.Resource, request.Namespace, request.Name, request.Aborted);
        await writer.WriteAsync(request.Context, 200, request.Resource, document);
    }

    public async Task ListAsync(ApiRequest request)
    {
        ListOptions options = request.Query.List(request.Resource);
        ObjectList list = await reader.ListAsync(request.Resource, request.Namespace, options, request.Aborted);
        await writer.WriteListAsync(request.Context, request.Resource, list);
    }
}
