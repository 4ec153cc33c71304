using System.Text.Json.Nodes;

using Noded.ApiServer.Admission;
using Noded.ApiServer.Authentication;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Http;

/// <summary>Issues tokens for ServiceAccounts.</summary>
internal sealed class TokenRequestHandler(
    ServiceAccountTokens tokens, ObjectReader reader, AdmissionChain admission, ResourceTable resources) : IRequestHandler
{
    private const long ShortestSeconds = 600;
    private const long LongestSeconds = 1L << 32;
    private static readonly SchemaType RequestType = SchemaCatalog.BuiltIn["authentication/v1.TokenRequest"];

    public async Task HandleAsync(ApiRequest request)
    {
        JsonObject asked = await BodyReader.ReadAsync(request.Context, RequestType, "authentication.k8s.io/v1");
        JsonObject account = await reader.GetAsync(request.Resource, request.Namespace, request.Name, request.Aborted);
        await admission.AdmitAsync(
            request, new AdmissionRequest(request.Resource, asked, null) { Subresource = "token" }, request.Aborted);
        JsonObject spec = asked.ObjectOrNew("spec");
        long seconds = spec.Integer("expirationSeconds") ?? 3600;
        if (seconds is < ShortestSeconds or > LongestSeconds)
        {
            throw new ApiStatusException(
                422,
                "Invalid",
                $"TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: {seconds}: may not specify a duration less than 10 minutes");
        }

        string[] audiences = [.. spec.Texts("audiences")];
        JsonObject? bound = await BoundAsync(request, spec.Object("boundObjectRef"));
        (string token, DateTimeOffset expires) = tokens.Issue(
            account, audiences.Length > 0 ? audiences : [tokens.Issuer], TimeSpan.FromSeconds(seconds), bound);
        spec["audiences"] = new JsonArray([.. (audiences.Length > 0 ? audiences : [tokens.Issuer]).Select(text => (JsonNode)text)]);
        spec["expirationSeconds"] = seconds;
        asked["metadata"] = new JsonObject { ["name"] = account.Name(), ["namespace"] = account.Namespace() };
        asked["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = ScalarDecoder.Time(expires) };
        await ResponseWriter.WriteJsonAsync(request.Context, 201, asked);
    }

    private async Task<JsonObject?> BoundAsync(ApiRequest request, JsonObject? reference)
    {
        if (reference is null)
        {
            return null;
        }

        string? resource = reference.Text("kind") switch
        {
            "Pod" => "pods",
            "Secret" => "secrets",
            "Node" => "nodes",
            _ => null,
        };
        if (resource is null || reference.Text("apiVersion") is not (null or "" or "v1"))
        {
            throw ApiStatusException.BadRequest($"cannot bind token for serviceaccount to object of kind {reference.Text("kind")}");
        }

        string? ns = resource == "nodes" ? null : request.Namespace;
        JsonObject bound = await reader.GetAsync(
            resources.Get("", "v1", resource), ns, reference.Text("name") ?? "", request.Aborted);
        if (reference.Text("uid") is { Length: > 0 } uid && uid != bound.Uid())
        {
            throw ApiStatusException.Conflict(
                request.Resource.Definition, request.Name, $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated");
        }

        if (resource == "pods" && (bound.At("spec", "serviceAccountName").AsText() ?? "default") != request.Name)
        {
            throw ApiStatusException.BadRequest("cannot bind token for serviceaccount to pod running with different serviceaccount name.");
        }

        return bound;
    }
}
