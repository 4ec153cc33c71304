using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Authentication;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;

namespace Noded.ApiServer.Authorization;

/// <summary>Finds out who asks and whether they may.</summary>
internal sealed class AccessGate(CertificateAuthenticator certificates)
{
    /// <exception cref="ApiStatusException">Nobody is known by what the request shows.</exception>
    public Task<UserIdentity> AuthenticateAsync(HttpContext context)
    {
        UserIdentity? user = certificates.Authenticate(context.Connection.ClientCertificate);
        return Task.FromResult(user ?? throw ApiStatusException.Unauthorized());
    }

    /// <exception cref="ApiStatusException">They may not.</exception>
    public Task AuthorizeAsync(ApiRequest request) => Task.CompletedTask;

    /// <exception cref="ApiStatusException">They may not.</exception>
    public Task AuthorizeAsync(UserIdentity user, string method, string path) => Task.CompletedTask;
}
