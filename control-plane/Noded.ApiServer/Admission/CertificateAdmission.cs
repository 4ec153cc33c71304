using System.Text.Json.Nodes;

using Noded.ApiServer.Authorization;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Admission;

/// <summary>
/// Who approves a request for a certificate, or signs it, has the right to do so for its signer
/// (plugin/pkg/admission/certificates).
/// </summary>
internal sealed class CertificateAdmission(AccessGate gate) : IAdmissionPlugin
{
    private const string Group = "certificates.k8s.io";

    public async Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        bool isChange = admitted.Resource.Definition is { Group: Group, Name: "certificatesigningrequests" }
            && admitted is { Old: not null, IsDelete: false };
        if (!isChange)
        {
            return;
        }

        string signer = admitted.Old.At("spec", "signerName").AsText() ?? "";
        string? refusal = admitted.Subresource switch
        {
            "approval" when !await AllowsAsync(request, "approve", signer, cancellationToken) =>
                $"user not permitted to approve requests with signerName \"{signer}\"",
            "status" when IsSigned(admitted) && !await AllowsAsync(request, "sign", signer, cancellationToken) =>
                $"user not permitted to sign requests with signerName \"{signer}\"",
            _ => null,
        };
        if (refusal is not null)
        {
            throw ApiStatusException.Forbidden(admitted.Resource.Definition, admitted.Object.Name(), refusal);
        }
    }

    private static bool IsSigned(AdmissionRequest admitted) =>
        !JsonNode.DeepEquals(admitted.Object.At("status", "certificate"), admitted.Old.At("status", "certificate"))
        || !JsonNode.DeepEquals(admitted.Object.At("status", "conditions"), admitted.Old.At("status", "conditions"));

    /// <summary>The right for the signer, or for all signers of its domain.</summary>
    private async Task<bool> AllowsAsync(ApiRequest request, string verb, string signer, CancellationToken cancellationToken)
    {
        AccessRequest access = new(request.User, verb) { Group = Group, Resource = "signers", Name = signer };
        return await gate.AllowsAsync(access, cancellationToken)
            || await gate.AllowsAsync(access with { Name = $"{signer.Split('/')[0]}/*" }, cancellationToken);
    }
}
