using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;

using Noded.ApiServer.Authorization;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Hosting;

/// <summary>Makes the objects that every cluster has, unless they are there.</summary>
internal sealed class StartHook(ResourceTable resources, ObjectWriter objects, ServiceNetwork network)
{
    private const string Scheduling = "scheduling.k8s.io";
    private const string Access = "rbac.authorization.k8s.io";
    private const string Networking = "networking.k8s.io";

    private static readonly ImmutableArray<string> Namespaces =
        ["default", "kube-node-lease", "kube-public", "kube-system"];

    private static readonly ImmutableArray<(string Name, long Value)> Priorities =
        [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

    /// <param name="advertised">Where pods find the API server; null to leave out its endpoints.</param>
    /// <param name="port">Its port there.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task RunAsync(IPAddress? advertised, int port, CancellationToken cancellationToken)
    {
        foreach (string name in Namespaces)
        {
            await EnsureAsync(resources.Get("", "v1", "namespaces"), null, Named("v1", "Namespace", name), cancellationToken);
        }

        await EnsurePrioritiesAsync(cancellationToken);
        await EnsurePolicyAsync(cancellationToken);
        JsonObject cidr = Named($"{Networking}/v1", "ServiceCIDR", "kubernetes");
        cidr["spec"] = new JsonObject { ["cidrs"] = new JsonArray(network.Prefix.ToString()) };
        await EnsureAsync(resources.Get(Networking, "v1", "servicecidrs"), null, cidr, cancellationToken);
        await EnsureOwnServiceAsync(advertised, port, cancellationToken);
    }

    /// <summary>Makes the Service of this server and its endpoints, as far as they are not there.</summary>
    public async Task EnsureOwnServiceAsync(IPAddress? advertised, int port, CancellationToken cancellationToken)
    {
        await EnsureServiceAsync(cancellationToken);
        if (advertised is not null)
        {
            await EnsureEndpointsAsync(advertised.ToString(), port, cancellationToken);
        }
    }

    private static JsonObject Named(string apiVersion, string kind, string name) => new()
    {
        ["apiVersion"] = apiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
    };

    private async Task EnsurePrioritiesAsync(CancellationToken cancellationToken)
    {
        Resource classes = resources.Get(Scheduling, "v1", "priorityclasses");
        foreach ((string name, long value) in Priorities)
        {
            JsonObject document = Named($"{Scheduling}/v1", "PriorityClass", name);
            document["value"] = value;
            await EnsureAsync(classes, null, document, cancellationToken);
        }
    }

    private async Task EnsurePolicyAsync(CancellationToken cancellationToken)
    {
        foreach (JsonObject role in BootstrapPolicy.ClusterRoles())
        {
            await EnsureRoleAsync("clusterroles", null, role, cancellationToken);
        }

        foreach (JsonObject binding in BootstrapPolicy.ClusterRoleBindings())
        {
            await EnsureBindingAsync("clusterrolebindings", null, binding, cancellationToken);
        }

        foreach ((string ns, JsonObject role) in BootstrapPolicy.Roles())
        {
            await EnsureRoleAsync("roles", ns, role, cancellationToken);
        }

        foreach ((string ns, JsonObject binding) in BootstrapPolicy.RoleBindings())
        {
            await EnsureBindingAsync("rolebindings", ns, binding, cancellationToken);
        }
    }

    private async Task EnsureRoleAsync(string name, string? ns, JsonObject role, CancellationToken cancellationToken)
    {
        Resource resource = resources.Get(Access, "v1", name);
        if (!await EnsureAsync(resource, ns, role.Copy(), cancellationToken))
        {
            await objects.UpdateAsync(
                resource, ns, role.Name(), current => PolicyReconciliation.Role(current, role), WriteOptions.Default, cancellationToken);
        }
    }

    private async Task EnsureBindingAsync(string name, string? ns, JsonObject binding, CancellationToken cancellationToken)
    {
        Resource resource = resources.Get(Access, "v1", name);
        if (await EnsureAsync(resource, ns, binding.Copy(), cancellationToken))
        {
            return;
        }

        bool isAnother = false;
        JsonObject present = await objects.UpdateAsync(
            resource, ns, binding.Name(), Reconciled, WriteOptions.Default, cancellationToken);
        if (isAnother)
        {
            DeleteOptions options = new() { Uid = present.Uid() };
            await objects.DeleteAsync(resource, ns, binding.Name(), options, cancellationToken);
            await EnsureAsync(resource, ns, binding.Copy(), cancellationToken);
        }

        JsonObject Reconciled(JsonObject current)
        {
            isAnother = PolicyReconciliation.BindsAnother(current, binding);
            return isAnother ? current : PolicyReconciliation.Binding(current, binding);
        }
    }

    private async Task EnsureServiceAsync(CancellationToken cancellationToken)
    {
        JsonObject service = Named("v1", "Service", "kubernetes");
        service.Metadata()["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" };
        service["spec"] = new JsonObject
        {
            ["type"] = "ClusterIP",
            ["clusterIP"] = network.First.ToString(),
            ["ports"] = new JsonArray(new JsonObject
            {
                ["name"] = "https",
                ["port"] = 443L,
                ["protocol"] = "TCP",
                ["targetPort"] = 6443L,
            }),
        };
        await EnsureAsync(resources.Get("", "v1", "services"), "default", service, cancellationToken);
    }

    private async Task EnsureEndpointsAsync(string address, int port, CancellationToken cancellationToken)
    {
        JsonObject endpoints = Named("v1", "Endpoints", "kubernetes");
        endpoints.Metadata()["labels"] = new JsonObject { ["endpointslice.kubernetes.io/skip-mirror"] = "true" };
        endpoints["subsets"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["ip"] = address }),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = (long)port, ["protocol"] = "TCP" }),
        });
        await ReplaceAsync(resources.Get("", "v1", "endpoints"), endpoints, "subsets", cancellationToken);

        JsonObject slice = Named("discovery.k8s.io/v1", "EndpointSlice", "kubernetes");
        slice.Metadata()["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "kubernetes" };
        slice["addressType"] = "IPv4";
        slice["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(address),
            ["conditions"] = new JsonObject { ["ready"] = true },
        });
        slice["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = (long)port, ["protocol"] = "TCP" });
        await ReplaceAsync(resources.Get("discovery.k8s.io", "v1", "endpointslices"), slice, "endpoints", cancellationToken);
    }

    private async Task ReplaceAsync(
        Resource resource, JsonObject document, string field, CancellationToken cancellationToken)
    {
        if (await EnsureAsync(resource, "default", document.Copy(), cancellationToken))
        {
            return;
        }

        await objects.UpdateAsync(
            resource, "default", document.Name(), current => Replaced(current, document, field), WriteOptions.Default, cancellationToken);
    }

    private static JsonObject Replaced(JsonObject current, JsonObject document, string field)
    {
        ObjectPreparation.Copy(current, document, field);
        ObjectPreparation.Copy(current, document, "ports");
        return current;
    }

    /// <returns>Whether it was made.</returns>
    private async Task<bool> EnsureAsync(
        Resource resource, string? ns, JsonObject document, CancellationToken cancellationToken)
    {
        try
        {
            await objects.CreateAsync(resource, ns, document, WriteOptions.Default, cancellationToken);
            return true;
        }
        catch (ApiStatusException e) when (e.Code is 409 or 422)
        {
            // Made by an earlier start, or by another server; its address is then taken, too.
            return false;
        }
    }
}
