using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.Store;

namespace Noded.ApiServer.Http;

/// <summary>Answers <c>get</c> and <c>list</c>.</summary>
internal sealed class ReadHandler(ObjectReader reader, StoredWriter writer)
{
    public async Task GetAsync(ApiRequest request)
    {
        KeyValue found = await reader.FindAsync(
            request.Resource, request.Namespace, request.Name, request.Query.State(), request.Aborted)
            ?? throw ApiStatusException.NotFound(request.Resource.Definition, request.Name);
        await writer.WriteAsync(request.Context, request.Resource, found);
    }

    public async Task ListAsync(ApiRequest request)
    {
        ListOptions options = request.Query.List(request.Resource);
        ObjectPage page = await reader.PageAsync(request.Resource, request.Namespace, options, request.Aborted);
        await writer.WritePageAsync(request.Context, request.Resource, page);
    }
}
