using System.Collections.Immutable;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Reconciler;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Inspection;

/// <summary>Shows what plans and data path have. Belongs to the loop that owns both.</summary>
internal sealed class ServiceInspector(ServiceReconciler reconciler, ServiceTables tables)
{
    public ImmutableArray<ServiceView> Describe() =>
    [
        .. reconciler.Plans.Values.SelectMany(plans => plans).OrderBy(plan => plan.Name.ToString(), StringComparer.Ordinal)
            .Select(Describe),
    ];

    private ServiceView Describe(ServicePlan plan) => new(
        plan.Name,
        [.. plan.Frontends.Select(Describe)],
        [
            .. plan.Cluster.Union(plan.Local).Order().Select(backend => new EndpointView(
                backend, tables.HitsOf(plan.Name, backend), plan.Cluster.Contains(backend), plan.Local.Contains(backend))),
        ],
        plan.Affinity,
        plan.SourceRanges);

    private static AddressView Describe(Frontend frontend) => new(
        frontend.Address, frontend.Port, Describe(frontend.Internal), Describe(frontend.External), frontend.ChecksSource);

    private static ListView Describe(FrontendView view) => new(view.IsLocal, view.WhenEmpty == WhenEmpty.Refuse);
}
