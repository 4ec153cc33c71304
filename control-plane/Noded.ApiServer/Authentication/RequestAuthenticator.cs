using System.Collections.Immutable;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Errors;

namespace Noded.ApiServer.Authentication;

/// <summary>Finds out who sends a request, by certificate or by token.</summary>
internal sealed class RequestAuthenticator(
    CertificateAuthenticator certificates,
    ServiceAccountTokens accounts,
    BootstrapTokens bootstrap,
    ImmutableArray<string> audiences)
{
    private const string Bearer = "Bearer ";

    public ImmutableArray<string> Audiences => audiences;

    /// <exception cref="ApiStatusException">Nobody is known by what the request shows.</exception>
    public async Task<UserIdentity> AuthenticateAsync(HttpContext context)
    {
        if (certificates.Authenticate(context.Connection.ClientCertificate) is { } known)
        {
            return known;
        }

        string header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            throw ApiStatusException.Unauthorized();
        }

        (UserIdentity User, ImmutableArray<string> Audiences)? bearer =
            await VerifyAsync(header[Bearer.Length..].Trim(), audiences, context.RequestAborted);
        return bearer?.User ?? throw ApiStatusException.Unauthorized();
    }

    /// <summary>The bearer of a token that is meant for one of the audiences; null for everything else.</summary>
    public async Task<(UserIdentity User, ImmutableArray<string> Audiences)?> VerifyAsync(
        string token, ImmutableArray<string> wanted, CancellationToken cancellationToken)
    {
        if (await accounts.VerifyAsync(token, wanted, cancellationToken) is { } account)
        {
            return account;
        }

        return await bootstrap.VerifyAsync(token, cancellationToken) is { } user ? (user, [.. wanted.Intersect(audiences)]) : null;
    }
}
