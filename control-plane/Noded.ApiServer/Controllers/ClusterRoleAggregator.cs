using System.Text.Json.Nodes;

using Noded.ApiServer.Authorization;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.Store;

namespace Noded.ApiServer.Controllers;

/// <summary>Writes into ClusterRoles with an <c>aggregationRule</c> the rules of the roles which that chooses.</summary>
internal sealed class ClusterRoleAggregator(RbacCache rbac, Resource clusterRoles, ObjectWriter objects)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Looks at all of them whenever any role or binding has changed: there are few, and it is rare.</summary>
    public async Task RunAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        await rbac.FilledAsync(cancellationToken);
        while (true)
        {
            RbacSnapshot snapshot = rbac.Snapshot;
            try
            {
                foreach (JsonObject role in snapshot.ClusterRoles.Where(ClusterRoleAggregation.IsAggregated))
                {
                    await ReconcileAsync(role, snapshot, cancellationToken);
                }
            }
            catch (Exception e) when (e is ApiStatusException or StoreUnavailableException)
            {
                await Task.Delay(Pause, clock, cancellationToken);
                continue;
            }

            await rbac.SeenAsync(snapshot.Revision + 1, cancellationToken);
        }
    }

    private async Task ReconcileAsync(JsonObject role, RbacSnapshot snapshot, CancellationToken cancellationToken)
    {
        if (JsonNode.DeepEquals(role["rules"], ClusterRoleAggregation.Compute(role, snapshot.ClusterRoles)))
        {
            return;
        }

        try
        {
            await objects.UpdateAsync(
                clusterRoles, null, role.Name(), current => Aggregated(current, snapshot), WriteOptions.Default, cancellationToken);
        }
        catch (ApiStatusException e) when (e.Code == 404)
        {
            // It has been deleted since.
        }
    }

    private static JsonObject Aggregated(JsonObject current, RbacSnapshot snapshot)
    {
        if (ClusterRoleAggregation.IsAggregated(current))
        {
            current["rules"] = ClusterRoleAggregation.Compute(current, snapshot.ClusterRoles);
        }

        return current;
    }
}
