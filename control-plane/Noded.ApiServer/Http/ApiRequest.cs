using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Authentication;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Http;

/// <summary>A request for a resource, with everything that its handlers decide by.</summary>
/// <param name="Context">The exchange.</param>
/// <param name="Resource">What it is about.</param>
/// <param name="Target">Where that is.</param>
/// <param name="Verb">In the words of the API: <c>get</c>, <c>list</c>, <c>watch</c> and so on.</param>
/// <param name="User">Who asks.</param>
internal sealed record ApiRequest(
    HttpContext Context, Resource Resource, RequestTarget Target, string Verb, UserIdentity User)
{
    public string? Namespace => Target.Namespace;

    /// <summary>The name in the path; handlers for single objects are called only where there is one.</summary>
    public string Name => Target.Name ?? "";

    public IQueryCollection Query => Context.Request.Query;

    public CancellationToken Aborted => Context.RequestAborted;
}
