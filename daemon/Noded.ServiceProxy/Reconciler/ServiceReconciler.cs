using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Noded.Bpf;
using Noded.Primitives;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Reconciler;

/// <summary>
/// Brings the data path to what the sources say, Service by Service. Until every source has synced it does nothing at
/// all: what a predecessor left keeps working, and nobody shrinks a Service on half the news.
/// </summary>
internal sealed partial class ServiceReconciler(
    ServiceChangeTracker tracker, ServiceTables tables, StaleSockets sockets, ILogger<ServiceReconciler> logger)
{
    /// <summary>Without its endpoints nobody could report that it has some again.</summary>
    private static readonly NamespacedName ApiServer = new("default", "kubernetes");

    private readonly Dictionary<NamespacedName, ImmutableArray<ServicePlan>> _plans = [];
    private readonly HashSet<NamespacedName> _unfinished = [];
    private bool _hasPruned;

    /// <summary>The plans in force, for those who show them.</summary>
    public IReadOnlyDictionary<NamespacedName, ImmutableArray<ServicePlan>> Plans => _plans;

    /// <summary>Services that could not be carried out in full: their addresses are taken or a map is full.</summary>
    public int Unfinished => _unfinished.Count;

    /// <summary>Carries out what has changed. Call it only when every source has synced.</summary>
    /// <returns>How many Services were looked at.</returns>
    public int Sync()
    {
        // Room or an address may have become free.
        ImmutableArray<NamespacedName> names = [.. tracker.TakeChanged().Union(_unfinished)];
        _unfinished.Clear();
        tables.Reserve(names.Length);
        foreach (NamespacedName name in names)
        {
            Remove(name, KeepLastKnown(name, tracker.Compute(name)));
        }

        // An address may be given up by one Service after another has asked for it: so ask twice, and report then.
        ImmutableArray<NamespacedName> again = [.. names.Where(name => !Apply(name, reports: false))];
        _unfinished.UnionWith(again.Where(name => !Apply(name, reports: true)));

        if (!_hasPruned)
        {
            tables.Prune();
            _hasPruned = true;
        }

        if (tables.TakeUdpLosses())
        {
            sockets.End();
        }

        return names.Length;
    }

    /// <summary>The API server's own Service keeps its last endpoints when it is said to have none.</summary>
    private ImmutableArray<ServicePlan> KeepLastKnown(NamespacedName name, ImmutableArray<ServicePlan> plans)
    {
        if (name != ApiServer || !_plans.TryGetValue(name, out ImmutableArray<ServicePlan> before))
        {
            return plans;
        }

        return
        [
            .. plans.Select(plan => plan.Cluster.IsEmpty
                && before.FirstOrDefault(old => old.Name == plan.Name) is { Cluster.IsEmpty: false } last
                    ? plan with { Cluster = last.Cluster, Local = last.Local }
                    : plan),
        ];
    }

    /// <summary>Removals come first: a Service may have passed its address on to another.</summary>
    private void Remove(NamespacedName name, ImmutableArray<ServicePlan> plans)
    {
        IEnumerable<ServicePortName> before = _plans.GetValueOrDefault(name, []).Select(plan => plan.Name);
        foreach (ServicePortName gone in before.Except(plans.Select(plan => plan.Name)))
        {
            tables.Remove(gone);
        }

        if (plans.IsEmpty)
        {
            _plans.Remove(name);
        }
        else
        {
            _plans[name] = plans;
        }
    }

    /// <returns>Whether everything of the Service is in the data path.</returns>
    private bool Apply(NamespacedName name, bool reports)
    {
        bool isComplete = true;
        foreach (ServicePlan plan in _plans.GetValueOrDefault(name, []))
        {
            try
            {
                foreach (FrontendKey conflict in tables.Apply(plan))
                {
                    isComplete = false;
                    if (reports)
                    {
                        LogConflict(plan.Name, conflict);
                    }
                }
            }
            catch (Exception e) when (e is BpfMapFullException or BpfException)
            {
                isComplete = false;
                if (reports)
                {
                    LogNotApplied(plan.Name, e.Message);
                }
            }
        }

        return isComplete;
    }

    [LoggerMessage(EventId = 5101, Level = LogLevel.Warning, Message = "{Port} does not get {Address}: another Service has it")]
    private partial void LogConflict(ServicePortName port, FrontendKey address);

    [LoggerMessage(EventId = 5102, Level = LogLevel.Error, Message = "{Port} stays as it was: {Reason}")]
    private partial void LogNotApplied(ServicePortName port, string reason);
}
