using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Errors;

namespace Noded.ApiServer.Http;

/// <summary>A subresource, or a resource whose objects are not kept, with an answer of its own.</summary>
internal interface IRequestHandler
{
    Task HandleAsync(ApiRequest request);
}

/// <summary>Finds the handler of a request.</summary>
internal sealed class RequestHandlers(
    ReadHandler read,
    WatchHandler watch,
    (WriteHandler Write, DeleteHandler Delete) changes,
    IReadOnlyDictionary<string, IRequestHandler> special,
    IReadOnlyDictionary<string, EncodedDocument> paths)
{
    /// <summary>Handlers by <c>resource.group</c> or <c>resource.group/subresource</c>, or by a path that is no resource's.</summary>
    public Task HandleAsync(ApiRequest request)
    {
        string name = request.Resource.Definition.QualifiedName;
        string key = request.Target.Subresource is { } subresource ? $"{name}/{subresource}" : name;
        if (special.TryGetValue(key, out IRequestHandler? handler)
            || (request.Target.Subresource is { } part && special.TryGetValue($"*/{part}", out handler)))
        {
            return handler.HandleAsync(request);
        }

        return (request.Verb, request.Target.Subresource) switch
        {
            ("get", null or "status") => read.GetAsync(request),
            ("list", null) => read.ListAsync(request),
            ("watch", null) => watch.WatchAsync(request),
            ("create", null) => changes.Write.CreateAsync(request),
            ("update", null or "status" or "finalize" or "approval" or "ephemeralcontainers" or "resize") =>
                changes.Write.UpdateAsync(request),
            ("patch", null or "status" or "approval" or "ephemeralcontainers" or "resize") => changes.Write.PatchAsync(request),
            ("get", "approval" or "ephemeralcontainers" or "resize") => read.GetAsync(request),
            ("delete", null) => changes.Delete.DeleteAsync(request),
            ("deletecollection", null) => changes.Delete.DeleteCollectionAsync(request),
            _ => throw ApiStatusException.NoSuchPath(),
        };
    }

    /// <summary>Answers a path that is no resource's; false if there is no such path.</summary>
    public async Task<bool> TryWriteOtherAsync(HttpContext context, string path)
    {
        if (!paths.TryGetValue(path.TrimEnd('/'), out EncodedDocument? document))
        {
            return false;
        }

        await document.WriteAsync(context);
        return true;
    }
}
