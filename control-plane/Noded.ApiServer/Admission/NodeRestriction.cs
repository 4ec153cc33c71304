using System.Text.Json.Nodes;

using Noded.ApiServer.Authorization;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Admission;

/// <summary>A node changes itself, its pods and its lease, and nobody else's.</summary>
internal sealed class NodeRestriction : IAdmissionPlugin
{
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    public Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (NodeAuthorizer.NodeOf(request.User) is not { } node)
        {
            return Task.CompletedTask;
        }

        string? refusal = admitted.Resource.Definition switch
        {
            { Group: "", Name: "nodes" } => Node(admitted, node),
            { Group: "", Name: "pods" } => Pod(admitted, node),
            { Group: "coordination.k8s.io", Name: "leases" } =>
                admitted.Object.Name() == node ? null : $"can only access node lease with the same name as the requesting node",
            { Group: "storage.k8s.io", Name: "csinodes" } =>
                admitted.Object.Name() == node ? null : "can only access CSINode with the same name as the requesting node",
            _ => null,
        };
        return refusal is null
            ? Task.CompletedTask
            : throw ApiStatusException.Forbidden(admitted.Resource.Definition, admitted.Object.Name(), refusal);
    }

    private static string? Node(AdmissionRequest admitted, string node)
    {
        if (admitted.Object.Name() != node)
        {
            return $"node \"{node}\" is not allowed to modify node \"{admitted.Object.Name()}\"";
        }

        bool changesTaints = admitted.Old is not null
            && !JsonNode.DeepEquals(admitted.Object.At("spec", "taints"), admitted.Old.At("spec", "taints"));
        return changesTaints ? $"node \"{node}\" is not allowed to modify taints" : null;
    }

    private static string? Pod(AdmissionRequest admitted, string node)
    {
        if (admitted.Old is not null)
        {
            return admitted.Old.At("spec", "nodeName").AsText() == node
                ? null
                : $"node \"{node}\" can only update pod status for pods with spec.nodeName set to itself";
        }

        if (admitted.Object.Object("metadata").Object("annotations")?.ContainsKey(MirrorAnnotation) != true)
        {
            return $"pod does not have \"{MirrorAnnotation}\" annotation, node \"{node}\" can only create mirror pods";
        }

        return admitted.Object.At("spec", "nodeName").AsText() == node
            ? null
            : $"node \"{node}\" can only create pods with spec.nodeName set to itself";
    }
}

/// <summary>Requests for certificates say who has made them.</summary>
internal sealed class SignerRequest : IAdmissionPlugin
{
    public Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (admitted is { Old: null, Resource.Definition.Name: "certificatesigningrequests" })
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
