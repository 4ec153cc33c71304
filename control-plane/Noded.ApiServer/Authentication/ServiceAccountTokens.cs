using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Authentication;

/// <summary>Issues the tokens of ServiceAccounts and knows their bearers by them.</summary>
internal sealed class ServiceAccountTokens(
    JsonWebToken tokens, string issuer, ObjectReader reader, ResourceTable resources, TimeProvider clock)
{
    private const string Claims = "kubernetes.io";

    public string Issuer => issuer;

    public JsonObject KeySet => tokens.ToKeySet();

    public IEnumerable<string> Algorithms => tokens.Algorithms;

    /// <summary>A token of an account, bound to an object if there is one, and when it ends.</summary>
    public (string Token, DateTimeOffset Expires) Issue(
        JsonObject account, IEnumerable<string> audiences, TimeSpan time, JsonObject? bound)
    {
        DateTimeOffset now = clock.GetUtcNow();
        DateTimeOffset expires = now + time;
        JsonObject place = new()
        {
            ["namespace"] = account.Namespace(),
            ["serviceaccount"] = new JsonObject { ["name"] = account.Name(), ["uid"] = account.Uid() },
        };
        if (bound is not null)
        {
            place[bound.Text("kind")!.ToLowerInvariant()] = // objects that were read have a kind
                new JsonObject { ["name"] = bound.Name(), ["uid"] = bound.Uid() };
            if (bound.At("spec", "nodeName").AsText() is { Length: > 0 } node)
            {
                place["node"] = new JsonObject { ["name"] = node };
            }
        }

        string token = tokens.Sign(new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(audience => (JsonNode)audience)]),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            [Claims] = place,
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"system:serviceaccount:{account.Namespace()}:{account.Name()}",
        });
        return (token, expires);
    }

    /// <summary>The bearer; null if the token is not ours, is over, is for others, or its objects are gone.</summary>
    public async Task<(UserIdentity User, ImmutableArray<string> Audiences)?> VerifyAsync(
        string token, ImmutableArray<string> audiences, CancellationToken cancellationToken)
    {
        if (tokens.Verify(token) is not { } claims || claims.Text("iss") != issuer)
        {
            return null;
        }

        long now = clock.GetUtcNow().ToUnixTimeSeconds();
        ImmutableArray<string> shared = [.. claims.Texts("aud").Intersect(audiences)];
        if (claims.Integer("exp") is not { } end || end < now || claims.Integer("nbf") > now || shared.IsEmpty)
        {
            return null;
        }

        JsonObject? place = claims.Object(Claims);
        string ns = place.Text("namespace") ?? "";
        JsonObject? account = await FindAsync("serviceaccounts", ns, place.Object("serviceaccount"), cancellationToken);
        if (account is null || !await AreThereAsync(place, ns, cancellationToken))
        {
            return null;
        }

        return (UserOf(account, claims, place), shared);
    }

    private static UserIdentity UserOf(JsonObject account, JsonObject claims, JsonObject? place)
    {
        ImmutableDictionary<string, ImmutableArray<string>>.Builder extra =
            ImmutableDictionary.CreateBuilder<string, ImmutableArray<string>>();
        extra["authentication.kubernetes.io/credential-id"] = [$"JTI={claims.Text("jti")}"];
        if (place.Object("pod") is { } pod)
        {
            extra["authentication.kubernetes.io/pod-name"] = [pod.Text("name") ?? ""];
            extra["authentication.kubernetes.io/pod-uid"] = [pod.Text("uid") ?? ""];
        }

        if (place.Object("node") is { } node)
        {
            extra["authentication.kubernetes.io/node-name"] = [node.Text("name") ?? ""];
        }

        string ns = account.Namespace();
        return new UserIdentity(
            $"system:serviceaccount:{ns}:{account.Name()}",
            ["system:serviceaccounts", $"system:serviceaccounts:{ns}", UserIdentity.AuthenticatedGroup])
        {
            Uid = account.Uid(),
            Extra = extra.ToImmutable(),
        };
    }

    private async Task<bool> AreThereAsync(JsonObject? place, string ns, CancellationToken cancellationToken)
    {
        foreach ((string kind, string resource) in
            (IEnumerable<(string, string)>)[("pod", "pods"), ("secret", "secrets"), ("node", "nodes")])
        {
            // Of a pod's node the token says the name alone; a token that is bound to a node has its uid.
            if (place.Object(kind) is { } named && named.ContainsKey("uid") && await FindAsync(resource, ns, named, cancellationToken) is null)
            {
                return false;
            }
        }

        return true;
    }

    private async Task<JsonObject?> FindAsync(
        string resource, string ns, JsonObject? named, CancellationToken cancellationToken)
    {
        Resource found = resources.Get("", "v1", resource);
        string? place = found.Definition.IsNamespaced ? ns : null;
        JsonObject? document = await reader.PeekAsync(found, place, named.Text("name") ?? "", cancellationToken);
        return document?.Uid() == named.Text("uid") ? document : null;
    }
}
