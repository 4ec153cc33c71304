using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Admission;

/// <summary>Requests for certificates say who has made them.</summary>
internal sealed class SignerRequest : IAdmissionPlugin
{
    public Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (admitted.Creates("certificates.k8s.io", "certificatesigningrequests"))
        {
            JsonObject spec = admitted.Object.ObjectOrNew("spec");
            JsonObject user = Reviews.UserOf(request.User);
            foreach (string name in (ReadOnlySpan<string>)["username", "uid", "groups", "extra"])
            {
                ObjectPreparation.Copy(spec, user, name);
            }
        }

        return Task.CompletedTask;
    }
}
