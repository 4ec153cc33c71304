using System.Text.Json.Nodes;

using Noded.Api;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.OpenApi;

/// <summary>
/// OpenAPI v2, which describes no types here: v3 does. kubectl asks for it about kinds that v3 does not have, and goes on
/// to say that there is no such kind only if it gets an answer.
/// </summary>
internal static class OlderOpenApi
{
    public const string Path = "/openapi/v2";

    public const string MediaType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private const string Version = "2.0";
    private const string Title = "Kubernetes";

    public static JsonObject Write() => new()
    {
        ["swagger"] = Version,
        ["info"] = new JsonObject { ["title"] = Title, ["version"] = KubernetesVersion.GitVersion },
        ["paths"] = new JsonObject(),
        ["definitions"] = new JsonObject(),
    };

    /// <summary>The same as gnostic's <c>Document</c> has it: swagger 1, info 2, paths 8, definitions 9.</summary>
    public static byte[] WriteProtobuf()
    {
        WireWriter document = new();
        document.WriteText(1, Version);
        document.WriteMessage(2, info =>
        {
            info.WriteText(1, Title);
            info.WriteText(2, KubernetesVersion.GitVersion);
        });
        document.WriteMessage(8, _ => { });
        document.WriteMessage(9, _ => { });
        return document.Written.ToArray();
    }
}
