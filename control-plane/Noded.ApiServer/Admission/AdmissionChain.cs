using System.Collections.Immutable;

using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Admission;

/// <summary>Changes or refuses objects on their way into the store.</summary>
internal interface IAdmissionPlugin
{
    /// <exception cref="Errors.ApiStatusException">The object is refused.</exception>
    Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken);
}

/// <summary>All plugins in their order.</summary>
internal sealed class AdmissionChain(ImmutableArray<IAdmissionPlugin> plugins)
{
    public async Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        foreach (IAdmissionPlugin plugin in plugins)
        {
            await plugin.AdmitAsync(request, admitted, cancellationToken);
        }
    }
}
