using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Http;

/// <summary>
/// Answers for what only the node of a pod can do: its logs, commands in it, connections to it. Nothing leads to nodes
/// yet; of a pod that has none, that is the answer.
/// </summary>
internal sealed class PodConnectionHandler(ObjectReader reader, Resource pods) : IRequestHandler
{
    public async Task HandleAsync(ApiRequest request)
    {
        JsonObject pod = await reader.GetAsync(pods, request.Namespace, request.Name, request.Aborted);
        throw string.IsNullOrEmpty(pod.At("spec", "nodeName").AsText())
            ? ApiStatusException.BadRequest($"pod {pod.Name()} does not have a host assigned")
            : ApiStatusException.NoSuchPath();
    }
}
