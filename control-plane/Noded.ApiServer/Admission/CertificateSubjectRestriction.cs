using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Admission;

/// <summary>
/// Nobody asks the signer of the API server's clients for a member of <c>system:masters</c>
/// (plugin/pkg/admission/certificates/subjectrestriction).
/// </summary>
internal sealed class CertificateSubjectRestriction : IAdmissionPlugin
{
    private const string Signer = "kubernetes.io/kube-apiserver-client";
    private const string Masters = "system:masters";

    public Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (!admitted.Creates("certificates.k8s.io", "certificatesigningrequests")
            || admitted.Object.At("spec", "signerName").AsText() != Signer)
        {
            return Task.CompletedTask;
        }

        return Refusal(admitted.Object.At("spec", "request").AsText() ?? "") is { } refusal
            ? throw ApiStatusException.Forbidden(admitted.Resource.Definition, admitted.Object.Name(), refusal)
            : Task.CompletedTask;
    }

    private static string? Refusal(string request)
    {
        try
        {
            return SigningRequest.Parse(request).Organizations.Contains(Masters)
                ? $"use of {Signer} signer with {Masters} group is not allowed"
                : null;
        }
        catch (FormatException e)
        {
            return $"failed to parse CSR: {e.Message}";
        }
    }
}
