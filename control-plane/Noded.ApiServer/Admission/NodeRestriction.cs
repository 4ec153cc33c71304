using System.Text.Json.Nodes;

using Noded.ApiServer.Authorization;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;
using Noded.Store;

namespace Noded.ApiServer.Admission;

/// <summary>A node changes itself, its pods and its lease, and nobody else's (plugin/pkg/admission/noderestriction).</summary>
internal sealed class NodeRestriction(ObjectReader reader, ResourceTable resources) : IAdmissionPlugin
{
    private const string LeaseNamespace = "kube-node-lease";

    private readonly Resource _pods = resources.Get("", "v1", "pods");
    private readonly Resource _nodes = resources.Get("", "v1", "nodes");

    public async Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (NodeAuthorizer.NodeOf(request.User) is not { } node)
        {
            return;
        }

        string? refusal = admitted.Resource.Definition switch
        {
            { Group: "", Name: "pods" } => await PodAsync(admitted, node, cancellationToken),
            { Group: "", Name: "nodes" } => RestrictedLabels.Refuse(admitted, node),
            { Group: "", Name: "persistentvolumeclaims" } => Claim(admitted, node),
            { Group: "", Name: "serviceaccounts" } when admitted.Subresource == "token" =>
                await TokenAsync(request, admitted.Object, node, cancellationToken),
            { Group: "coordination.k8s.io", Name: "leases" } => Lease(admitted, node),
            { Group: "storage.k8s.io", Name: "csinodes" } =>
                admitted.Object.Name() == node ? null : "can only access CSINode with the same name as the requesting node",
            _ => null,
        };
        if (refusal is not null)
        {
            throw ApiStatusException.Forbidden(admitted.Resource.Definition, admitted.Object.Name(), refusal);
        }
    }

    private async Task<string?> PodAsync(AdmissionRequest admitted, string node, CancellationToken cancellationToken)
    {
        bool isOwn = (admitted.Old ?? admitted.Object).At("spec", "nodeName").AsText() == node;
        switch (admitted.Subresource)
        {
            case "status":
                return !isOwn ? $"node \"{node}\" can only update pod status for pods with spec.nodeName set to itself"
                    : !JsonNode.DeepEquals(admitted.Object.Labels(), admitted.Old?.Labels()) ? $"node \"{node}\" cannot update labels through pod status"
                    : null;
            case "eviction":
                return isOwn ? null : $"node {node} can only evict pods with spec.nodeName set to itself";
            case not null:
                return $"unexpected pod subresource \"{admitted.Subresource}\", only 'status' and 'eviction' are allowed";
            case null when admitted.IsDelete:
                return isOwn ? null : $"node \"{node}\" can only delete pods with spec.nodeName set to itself";
            case null when admitted.Old is not null:
                return $"unexpected operation \"UPDATE\", node \"{node}\" can only create and delete mirror pods";
            default:
                KeyValue? found = await reader.FindAsync(_nodes, null, node, cancellationToken);
                return MirrorPods.Refuse(admitted.Object, node, found is null ? null : ObjectReader.Decode(_nodes, found));
        }
    }

    private static string? Claim(AdmissionRequest admitted, string node)
    {
        if (admitted.Subresource != "status" || admitted.Old is null)
        {
            return "may only update PVC status";
        }

        return JsonNode.DeepEquals(Rest(admitted.Object), Rest(admitted.Old))
            ? null
            : $"node \"{node}\" is not allowed to update fields other than status.capacity and status.conditions";

        static JsonObject Rest(JsonObject claim)
        {
            JsonObject rest = claim.Copy();
            rest.TakeRevision();
            foreach (string name in (ReadOnlySpan<string>)["capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"])
            {
                rest.Object("status")?.Remove(name);
            }

            return rest;
        }
    }

    private async Task<string?> TokenAsync(
        ApiRequest request, JsonObject asked, string node, CancellationToken cancellationToken)
    {
        JsonObject? bound = asked.Object("spec").Object("boundObjectRef");
        if (bound.Text("apiVersion") != "v1" || bound.Text("kind") != "Pod" || bound.Text("name") is not { Length: > 0 } name)
        {
            return "node requested token not bound to a pod";
        }

        if (bound.Text("uid") is not { Length: > 0 } uid)
        {
            return "node requested token with a pod binding without a uid";
        }

        JsonObject pod = await reader.GetAsync(_pods, request.Namespace, name, cancellationToken);
        return pod.Uid() != uid
            ? $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            : pod.At("spec", "nodeName").AsText() == node ? null
            : "node requested token bound to a pod scheduled on a different node";
    }

    private static string? Lease(AdmissionRequest admitted, string node) =>
        admitted.Object.Namespace() != LeaseNamespace ? $"can only access leases in the \"{LeaseNamespace}\" system namespace"
        : admitted.Object.Name() != node ? "can only access node lease with the same name as the requesting node"
        : null;
}
