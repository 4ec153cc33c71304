using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Selectors;
using Noded.ApiServer.Strategies;
using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Authorization;

/// <summary>
/// Lets nodes do what nodes do, with themselves, their own pods, and what those name, only
/// (plugin/pkg/auth/authorizer/node).
/// </summary>
internal sealed class NodeAuthorizer(ObjectReader reader, ResourceTable resources)
{
    private const string UserPrefix = "system:node:";
    private const string LeaseNamespace = "kube-node-lease";
    private const string NodeNameField = "spec.nodeName";

    /// <summary>The node's name; null for everybody else.</summary>
    public static string? NodeOf(Authentication.UserIdentity user) =>
        user.Groups.Contains("system:nodes") && user.Name.StartsWith(UserPrefix, StringComparison.Ordinal)
            ? user.Name[UserPrefix.Length..]
            : null;

    public async Task<bool> AllowsAsync(AccessRequest request, CancellationToken cancellationToken)
    {
        if (NodeOf(request.User) is not { } node)
        {
            return false;
        }

        bool isNamed = request.Name.Length > 0;
        return (request.Group, request.Resource, request.Subresource) switch
        {
            ("", "secrets" or "configmaps", "") =>
                isNamed && IsRead(request) && request.Namespace.Length > 0 && await IsOfOwnPodAsync(request, node, cancellationToken),
            ("", "persistentvolumeclaims", "") =>
                isNamed && request.Verb == "get" && await IsOfOwnPodAsync(request, node, cancellationToken),
            ("", "persistentvolumeclaims", "status") =>
                isNamed && request.Verb is "update" or "patch" && await IsOfOwnPodAsync(request, node, cancellationToken),
            ("", "persistentvolumes", "") =>
                isNamed && request.Verb == "get" && await IsOfOwnClaimAsync(request.Name, node, cancellationToken),
            ("", "serviceaccounts", "token") =>
                isNamed && request.Verb == "create" && await IsOfOwnPodAsync(request, node, cancellationToken),
            ("storage.k8s.io", "volumeattachments", "") =>
                isNamed && request.Verb == "get" && await IsOwnAttachmentAsync(request.Name, node, cancellationToken),
            ("coordination.k8s.io", "leases", _) =>
                request.Namespace == LeaseNamespace && IsOwn(request, node),
            ("storage.k8s.io", "csinodes", "") => IsOwn(request, node),
            ("", "nodes", _) => AllowsNode(request, node),
            ("", "pods", _) => await AllowsPodAsync(request, node, cancellationToken),
            ("", "secrets" or "configmaps" or "persistentvolumeclaims" or "persistentvolumes" or "serviceaccounts", _) => false,
            _ => BootstrapPolicy.NodeRules.Any(rule => rule.Allows(request)),
        };
    }

    private static bool IsRead(AccessRequest request) => request.Verb is "get" or "list" or "watch";

    /// <summary>An object that has the node's name; admission looks at the name of one that is made.</summary>
    private static bool IsOwn(AccessRequest request, string node) =>
        request.Verb == "create" || (request.Verb is "get" or "update" or "patch" or "delete" && request.Name == node);

    /// <summary>Admission looks at which node is changed.</summary>
    private static bool AllowsNode(AccessRequest request, string node) => request.Subresource switch
    {
        "" => request.Verb is "create" or "update" or "patch" || (IsRead(request) && request.Name == node),
        "status" => request.Verb is "update" or "patch",
        _ => false,
    };

    /// <summary>Admission looks at which pod is changed.</summary>
    private async Task<bool> AllowsPodAsync(AccessRequest request, string node, CancellationToken cancellationToken) =>
        (request.Subresource, request.Verb) switch
        {
            ("", "create" or "delete") => true,
            ("", "list" or "watch") when request.Fields.Exact(NodeNameField) == node => true,
            ("", "get" or "list" or "watch") => request.Name.Length > 0 && await IsOwnPodAsync(request, node, cancellationToken),
            ("status", "update" or "patch") => true,
            ("eviction", "create") => true,
            _ => false,
        };

    private async Task<bool> IsOwnPodAsync(AccessRequest request, string node, CancellationToken cancellationToken)
    {
        JsonObject? pod = await FindAsync("", "pods", request.Namespace, request.Name, cancellationToken);
        return pod.At("spec", "nodeName").AsText() == node;
    }

    private async Task<bool> IsOwnAttachmentAsync(string name, string node, CancellationToken cancellationToken)
    {
        JsonObject? attachment = await FindAsync("storage.k8s.io", "volumeattachments", null, name, cancellationToken);
        return attachment.At("spec", "nodeName").AsText() == node;
    }

    private async Task<bool> IsOfOwnPodAsync(AccessRequest request, string node, CancellationToken cancellationToken)
    {
        // A node that has seen a pod has seen it here, as a rule; another server may be ahead of this one.
        foreach (Freshness freshness in (Freshness[])[new Freshness.Any(), new Freshness.Consistent()])
        {
            ObjectList pods = await PodsAsync(request.Namespace, node, freshness, cancellationToken);
            if (pods.Items.Any(pod => PodReferences.Of(pod, request.Resource).Contains(request.Name)))
            {
                return true;
            }
        }

        return request.Resource == "secrets" && await IsOfOwnVolumeAsync(request, node, cancellationToken);
    }

    /// <summary>Whether a volume is that of a claim of one of the node's pods.</summary>
    private async Task<bool> IsOfOwnClaimAsync(string volume, string node, CancellationToken cancellationToken)
    {
        JsonObject? found = await FindAsync("", "persistentvolumes", null, volume, cancellationToken);
        JsonObject? claim = found.Object("spec").Object("claimRef");
        if (claim.Text("namespace") is not { Length: > 0 } ns || claim.Text("name") is not { } name)
        {
            return false;
        }

        ObjectList pods = await PodsAsync(ns, node, new Freshness.Consistent(), cancellationToken);
        return pods.Items.Any(pod => PodReferences.Of(pod, "persistentvolumeclaims").Contains(name));
    }

    /// <summary>Whether a secret is that of a volume of a claim of one of the node's pods.</summary>
    private async Task<bool> IsOfOwnVolumeAsync(AccessRequest request, string node, CancellationToken cancellationToken)
    {
        Resource volumes = resources.Get("", "v1", "persistentvolumes");
        ObjectList all = await reader.ListAsync(volumes, null, new ListOptions(Selection.All), cancellationToken);
        foreach (JsonObject volume in all.Items.Where(volume => PodReferences.SecretsOf(volume).Contains((request.Namespace, request.Name))))
        {
            if (await IsOfOwnClaimAsync(volume.Name(), node, cancellationToken))
            {
                return true;
            }
        }

        return false;
    }

    private Task<ObjectList> PodsAsync(string ns, string node, Freshness freshness, CancellationToken cancellationToken)
    {
        FieldSelector bound = new([new FieldRequirement(NodeNameField, true, node)]);
        ListOptions options = new(new Selection(LabelSelector.Everything, bound)) { Freshness = freshness };
        return reader.ListAsync(resources.Get("", "v1", "pods"), ns, options, cancellationToken);
    }

    private async Task<JsonObject?> FindAsync(
        string group, string name, string? ns, string wanted, CancellationToken cancellationToken)
    {
        Resource resource = resources.Get(group, "v1", name);
        return await reader.FindAsync(resource, ns, wanted, cancellationToken) is { } found
            ? ObjectReader.Decode(resource, found)
            : null;
    }
}
