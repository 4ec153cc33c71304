using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Authentication;
using Noded.ApiServer.Authorization;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;

namespace Noded.ApiServer.Http;

/// <summary>Answers whether somebody may do something: SubjectAccessReview and its relatives.</summary>
internal sealed class AccessReviewHandler(AccessGate gate) : IRequestHandler
{
    public async Task HandleAsync(ApiRequest request)
    {
        JsonObject review = await Reviews.ReadAsync(request);
        JsonObject spec = review.ObjectOrNew("spec");
        bool isSelf = request.Resource.Definition.Name == "selfsubjectaccessreviews";
        UserIdentity user = isSelf
            ? request.User
            : new UserIdentity(spec.Text("user") ?? "", [.. spec.Texts("groups")]);
        JsonObject? resource = spec.Object("resourceAttributes");
        JsonObject? path = spec.Object("nonResourceAttributes");
        if (resource is null == path is null)
        {
            throw new ApiStatusException(
                422,
                "Invalid",
                $"{request.Resource.Definition.Kind}.authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified");
        }

        AccessRequest access = path is not null
            ? new AccessRequest(user, path.Text("verb") ?? "") { Path = path.Text("path") ?? "" }
            : new AccessRequest(user, resource.Text("verb") ?? "")
            {
                Group = resource.Text("group") ?? "",
                Resource = resource.Text("resource") ?? "",
                Subresource = resource.Text("subresource") ?? "",
                Namespace = request.Namespace ?? resource.Text("namespace") ?? "",
                Name = resource.Text("name") ?? "",
            };
        review["status"] = new JsonObject { ["allowed"] = await gate.AllowsAsync(access, request.Aborted) };
        await ResponseWriter.WriteJsonAsync(request.Context, 201, review);
    }
}

/// <summary>Answers what the asker may do in a namespace.</summary>
internal sealed class RulesReviewHandler(AccessGate gate) : IRequestHandler
{
    public async Task HandleAsync(ApiRequest request)
    {
        JsonObject review = await Reviews.ReadAsync(request);
        string ns = review.Object("spec").Text("namespace") ?? "";
        List<PolicyRule> rules = [.. gate.RulesFor(request.User, ns)];
        if (request.User.Groups.Contains(UserIdentity.MastersGroup))
        {
            rules.Add(new PolicyRule(["*"], ["*"], ["*"], [], []));
            rules.Add(new PolicyRule(["*"], [], [], [], ["*"]));
        }

        review["status"] = new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. rules.Where(rule => rule.Paths.IsEmpty).Select(rule => rule.ToJson())]),
            ["nonResourceRules"] = new JsonArray([.. rules.Where(rule => !rule.Paths.IsEmpty).Select(rule => rule.ToJson())]),
            ["incomplete"] = false,
        };
        await ResponseWriter.WriteJsonAsync(request.Context, 201, review);
    }
}

/// <summary>Answers who asks.</summary>
internal sealed class SelfReviewHandler : IRequestHandler
{
    public async Task HandleAsync(ApiRequest request)
    {
        JsonObject review = await Reviews.ReadAsync(request);
        review["status"] = new JsonObject { ["userInfo"] = Reviews.UserOf(request.User) };
        await ResponseWriter.WriteJsonAsync(request.Context, 201, review);
    }
}

/// <summary>Answers whose a token is.</summary>
internal sealed class TokenReviewHandler(RequestAuthenticator authenticator) : IRequestHandler
{
    public async Task HandleAsync(ApiRequest request)
    {
        JsonObject review = await Reviews.ReadAsync(request);
        JsonObject spec = review.ObjectOrNew("spec");
        string token = spec.Text("token") ?? "";
        if (token.Length == 0)
        {
            throw ApiStatusException.BadRequest("token is required for TokenReview in authentication");
        }

        ImmutableArray<string> asked = [.. spec.Texts("audiences")];
        (UserIdentity User, ImmutableArray<string> Audiences)? bearer = await authenticator.VerifyAsync(
            token, asked.IsEmpty ? authenticator.Audiences : asked, request.Aborted);
        review["status"] = bearer is { } found
            ? new JsonObject
            {
                ["authenticated"] = true,
                ["user"] = Reviews.UserOf(found.User),
                ["audiences"] = new JsonArray([.. found.Audiences.Select(audience => (JsonNode)audience)]),
            }
            : new JsonObject { ["error"] = "invalid bearer token" };
        await ResponseWriter.WriteJsonAsync(request.Context, 201, review);
    }
}

/// <summary>What the reviews have in common.</summary>
internal static class Reviews
{
    public static Task<JsonObject> ReadAsync(ApiRequest request) => BodyReader.ReadAsync(
        request.Context, request.Resource.Definition.Schema, request.Resource.Definition.GroupVersion);

    public static JsonObject UserOf(UserIdentity user)
    {
        JsonObject result = new()
        {
            ["username"] = user.Name,
            ["groups"] = new JsonArray([.. user.Groups.Select(group => (JsonNode)group)]),
        };
        if (user.Uid.Length > 0)
        {
            result["uid"] = user.Uid;
        }

        if (user.Extra.Count > 0)
        {
            JsonObject extra = [];
            foreach ((string key, ImmutableArray<string> values) in user.Extra)
            {
                extra[key] = new JsonArray([.. values.Select(value => (JsonNode)value)]);
            }

            result["extra"] = extra;
        }

        return result;
    }
}
