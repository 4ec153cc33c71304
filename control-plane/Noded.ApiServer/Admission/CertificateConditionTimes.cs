using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Admission;

/// <summary>Conditions of requests for certificates say when they came about, whoever sets them.</summary>
internal sealed class CertificateConditionTimes(TimeProvider clock) : IAdmissionPlugin
{
    public Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        bool isChange = admitted.Resource.Definition is { Group: "certificates.k8s.io", Name: "certificatesigningrequests" }
            && admitted is { Old: not null, IsDelete: false, Subresource: "status" or "approval" };
        if (isChange)
        {
            foreach (JsonObject condition in admitted.Object["status"].Objects("conditions"))
            {
                JsonObject? before = admitted.Old?["status"].Objects("conditions").FirstOrDefault(old =>
                    old.Text("type") == condition.Text("type") && old.Text("status") == condition.Text("status"));
                string now = ScalarDecoder.Time(clock.GetUtcNow());
                condition.TryAdd("lastUpdateTime", now);
                condition.TryAdd("lastTransitionTime", before.Text("lastTransitionTime") ?? now);
            }
        }

        return Task.CompletedTask;
    }
}
