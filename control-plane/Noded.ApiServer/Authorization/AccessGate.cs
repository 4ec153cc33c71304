using System.Collections.Immutable;

using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

using Noded.ApiServer.Authentication;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;

namespace Noded.ApiServer.Authorization;

/// <summary>Finds out who asks and whether they may.</summary>
internal sealed class AccessGate(RequestAuthenticator authenticator, NodeAuthorizer nodes, RbacCache rbac)
{
    private const string ExtraPrefix = "Impersonate-Extra-";

    /// <summary>Who asks, or as whom somebody asks who may.</summary>
    /// <exception cref="ApiStatusException">Nobody is known by what the request shows.</exception>
    public async Task<UserIdentity> AuthenticateAsync(HttpContext context)
    {
        UserIdentity user = await authenticator.AuthenticateAsync(context);
        IHeaderDictionary headers = context.Request.Headers;
        string name = headers["Impersonate-User"].ToString();
        if (name.Length == 0)
        {
            return headers.ContainsKey("Impersonate-Group") || headers.ContainsKey("Impersonate-Uid")
                ? throw ApiStatusException.BadRequest("requested impersonation without impersonating a user")
                : user;
        }

        return await ImpersonateAsync(user, name, headers, context.RequestAborted);
    }

    /// <exception cref="ApiStatusException">They may not.</exception>
    public Task AuthorizeAsync(ApiRequest request) =>
        RequireAsync(AccessRequest.Of(request), request.Aborted);

    /// <exception cref="ApiStatusException">They may not.</exception>
    public Task AuthorizeAsync(UserIdentity user, string method, string path, CancellationToken cancellationToken) =>
        RequireAsync(new AccessRequest(user, VerbOf(method)) { Path = path }, cancellationToken);

    public async Task<bool> AllowsAsync(AccessRequest request, CancellationToken cancellationToken) =>
        request.User.Groups.Contains(UserIdentity.MastersGroup)
        || await nodes.AllowsAsync(request, cancellationToken)
        || rbac.Snapshot.Allows(request);

    /// <summary>What a role allows; null if there is none.</summary>
    /// <param name="ns">Where it is; empty for a ClusterRole.</param>
    /// <param name="name">Its name.</param>
    public ImmutableArray<PolicyRule>? RulesOfRole(string ns, string name) => rbac.Snapshot.RulesOfRole(ns, name);

    public IEnumerable<PolicyRule> RulesFor(UserIdentity user, string ns) => rbac.Snapshot.RulesFor(user, ns);

    private static string VerbOf(string method) => method switch
    {
        "HEAD" => "head",
        "POST" => "post",
        "PUT" => "put",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "get",
    };

    private async Task RequireAsync(AccessRequest request, CancellationToken cancellationToken)
    {
        if (!await AllowsAsync(request, cancellationToken))
        {
            throw request.ToForbidden();
        }
    }

    private async Task<UserIdentity> ImpersonateAsync(
        UserIdentity user, string name, IHeaderDictionary headers, CancellationToken cancellationToken)
    {
        string[] parts = name.Split(':');
        bool isAccount = parts is ["system", "serviceaccount", _, _];
        AccessRequest asUser = isAccount
            ? new AccessRequest(user, "impersonate") { Resource = "serviceaccounts", Namespace = parts[2], Name = parts[3] }
            : new AccessRequest(user, "impersonate") { Resource = "users", Name = name };
        await RequireAsync(asUser, cancellationToken);

        ImmutableArray<string>.Builder groups = ImmutableArray.CreateBuilder<string>();
        foreach (string group in headers["Impersonate-Group"].OfType<string>())
        {
            await RequireAsync(new AccessRequest(user, "impersonate") { Resource = "groups", Name = group }, cancellationToken);
            groups.Add(group);
        }

        if (groups.Count == 0 && isAccount)
        {
            groups.AddRange("system:serviceaccounts", $"system:serviceaccounts:{parts[2]}");
        }

        if (name != UserIdentity.Anonymous.Name && !groups.Contains(UserIdentity.AuthenticatedGroup))
        {
            groups.Add(UserIdentity.AuthenticatedGroup);
        }

        return new UserIdentity(name, groups.ToImmutable())
        {
            Uid = await UidAsync(user, headers, cancellationToken),
            Extra = await ExtraAsync(user, headers, cancellationToken),
        };
    }

    private async Task<string> UidAsync(UserIdentity user, IHeaderDictionary headers, CancellationToken cancellationToken)
    {
        string uid = headers["Impersonate-Uid"].ToString();
        if (uid.Length > 0)
        {
            await RequireAsync(
                new AccessRequest(user, "impersonate") { Group = "authentication.k8s.io", Resource = "uids", Name = uid },
                cancellationToken);
        }

        return uid;
    }

    private async Task<ImmutableDictionary<string, ImmutableArray<string>>> ExtraAsync(
        UserIdentity user, IHeaderDictionary headers, CancellationToken cancellationToken)
    {
        ImmutableDictionary<string, ImmutableArray<string>>.Builder extra =
            ImmutableDictionary.CreateBuilder<string, ImmutableArray<string>>();
        foreach ((string header, StringValues values) in headers)
        {
            if (!header.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            string key = Uri.UnescapeDataString(header[ExtraPrefix.Length..]).ToLowerInvariant();
            foreach (string value in values.OfType<string>())
            {
                AccessRequest asExtra = new(user, "impersonate")
                {
                    Group = "authentication.k8s.io",
                    Resource = "userextras",
                    Subresource = key,
                    Name = value,
                };
                await RequireAsync(asExtra, cancellationToken);
            }

            extra[key] = [.. values.OfType<string>()];
        }

        return extra.ToImmutable();
    }
}
