using System.Collections.Immutable;
using Noded.Bpf;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Datapath;

/// <summary>
/// Carries plans out in the maps so that a reader meets the old list or the new one, never a hole: backends, then slots,
/// then one store per frontend, and what is not reachable any more rests until every program that ran has ended. A plan
/// that does not fit changes nothing. Not thread-safe: one loop owns it.
/// </summary>
internal sealed partial class ServiceTables
{
    private readonly ServiceMaps _maps;
    private readonly Action _waitForReaders;
    private readonly IndexAllocator _frontends;
    private readonly IndexAllocator _backends;
    private readonly IndexAllocator _ids;
    private readonly SlotRanges _slots;
    private readonly Dictionary<ServicePortName, ProgrammedService> _services = [];
    private readonly Dictionary<FrontendKey, ProgrammedService> _owners = [];
    private ushort _tag;

    // A predecessor may have ended before anybody looked at what had left.
    private bool _hasLostUdp = true;

    /// <param name="waitForReaders">Returns when every program that ran at the call has ended.</param>
    public ServiceTables(ServiceMaps maps, Action waitForReaders)
    {
        _maps = maps;
        _waitForReaders = waitForReaders;
        _frontends = new IndexAllocator(maps.Frontends.Name, maps.Frontends.Length);
        _ids = new IndexAllocator("service ids", maps.Frontends.Length);
        _backends = new IndexAllocator(maps.Backends.Name, maps.Backends.Length);
        _slots = new SlotRanges(maps.Slots.Length);
        Adopt();
    }

    public IReadOnlyCollection<ServicePortName> Services => _services.Keys;

    public uint FrontendsUsed => _frontends.Used;

    public uint BackendsUsed => _backends.Used;

    public long SlotsUsed => _slots.Used;

    /// <summary>How often a reader had to be waited for.</summary>
    public long Barriers { get; private set; }

    /// <summary>Whether backends of UDP have left since the last call, as far as anybody knows.</summary>
    public bool TakeUdpLosses()
    {
        bool hasLost = _hasLostUdp;
        _hasLostUdp = false;
        return hasLost;
    }

    /// <summary>How often a backend of a service port was chosen since it came; 0 when it has none such.</summary>
    public ulong HitsOf(ServicePortName name, Backend backend) =>
        _services.TryGetValue(name, out ProgrammedService? service) && service.FindBackend(backend) is uint index
            ? Volatile.Read(ref _maps.BackendHits[index])
            : 0;

    /// <summary>Has room for so many more at once: to grow step by step takes a third of the time of a first fill.</summary>
    public void Reserve(int services)
    {
        // Exact for a first fill; for a few more than there are it would copy everything for each of them.
        if (services > _services.Count)
        {
            _services.EnsureCapacity(_services.Count + services);
            _owners.EnsureCapacity(_owners.Count + services);
        }
    }

    /// <summary>Makes the maps say what the plan says.</summary>
    /// <returns>Addresses that the plan wants and another service port has.</returns>
    /// <exception cref="BpfMapFullException">It does not fit; what was there before still is.</exception>
    public ImmutableArray<FrontendKey> Apply(ServicePlan plan)
    {
        ReclaimWhenMuchRests();
        ProgrammedService? known = Find(plan);
        ProgrammedService service = known ?? new ProgrammedService(TakeIndex(_ids));
        Staging staging = new(this, service, plan);
        try
        {
            staging.Prepare();
            AddSourceRanges(plan, service);
            staging.TakeFrontends();
        }
        catch
        {
            staging.Abandon();
            if (known is null)
            {
                Withdraw(service);
            }

            throw;
        }

        _services[plan.Name] = service;
        _adopted.Remove(service.Id);
        BpfException? refusal = staging.Publish();
        staging.Finish();
        RemoveSourceRanges(plan, service);
        return refusal is null ? staging.Conflicts : throw refusal;
    }

    /// <summary>Takes a service port out of the maps.</summary>
    public void Remove(ServicePortName name)
    {
        if (_services.TryGetValue(name, out ProgrammedService? service))
        {
            Withdraw(service);
            _services.Remove(name);
            _hasLostUdp |= name.Protocol == ServiceProtocol.Udp;
        }
    }

    private static FrontendKey KeyOf(ServicePlan plan, Frontend frontend) =>
        new(frontend.Address, plan.Name.Family, frontend.Port, (byte)plan.Name.Protocol);

    private void Withdraw(ProgrammedService service)
    {
        RemoveFrontends(service, _ => true);
        foreach (ProgrammedBackend backend in service.Backends)
        {
            ReturnBackend(backend.Index);
        }

        ReturnLists(service);
        RemoveSourceRanges(plan: null, service);
        _ids.Return(service.Id);
    }

    private void RemoveFrontends(ProgrammedService service, Predicate<FrontendKey> isGone)
    {
        for (int i = service.Frontends.Count - 1; i >= 0; i--)
        {
            (FrontendKey key, uint index) = service.Frontends[i];
            if (isGone(key))
            {
                _maps.FrontendIds.Remove(key);
                service.Frontends.RemoveAt(i);
                _frontends.Return(index);
                _owners.Remove(key);
            }
        }
    }

    private void ReturnBackend(uint index)
    {
        // The next generation: whoever remembers this backend chooses again.
        ref ulong state = ref _maps.Backends[index].State;
        Volatile.Write(ref state, BackendEntry.GenerationOf(state) + 1u);
        _backends.Return(index);
    }

    private void ReturnLists(ProgrammedService service)
    {
        foreach (SlotRange range in RangesOf(service))
        {
            _slots.Return(range);
        }

        service.AdoptedRanges.Clear();
        (service.Cluster, service.Local) = (ProgrammedList.Empty, ProgrammedList.Empty);
    }

    private static IEnumerable<SlotRange> RangesOf(ProgrammedService service) =>
        ((SlotRange?[])[service.Cluster.Range, service.Local.Range])
            .OfType<SlotRange>()
            .Concat(service.AdoptedRanges);

    private uint TakeIndex(IndexAllocator allocator)
    {
        if (allocator.IsExhausted)
        {
            Reclaim();
        }

        return allocator.Take();
    }

    private SlotRange TakeSlots(int count, ProgrammedService staged)
    {
        if (count > ushort.MaxValue)
        {
            throw new BpfMapFullException("of a list of endpoints", ushort.MaxValue);
        }

        if (!_slots.TryTake(count, out SlotRange range))
        {
            Reclaim();
            if (!_slots.TryTake(count, out range))
            {
                // Enough may be free, in pieces that are too small.
                _slots.Rebuild(_services.Values.Append(staged).Distinct().Concat(_adopted.Values).SelectMany(RangesOf)
                    .Concat(_stagedRanges));
                if (!_slots.TryTake(count, out range))
                {
                    throw new BpfMapFullException(_maps.Slots.Name, _maps.Slots.Length);
                }
            }
        }

        return range;
    }

    private void ReclaimWhenMuchRests()
    {
        if (_slots.Resting > _maps.Slots.Length / 4
            || _backends.Resting > _maps.Backends.Length / 4
            || _frontends.Resting > _maps.Frontends.Length / 4)
        {
            Reclaim();
        }
    }

    private void Reclaim()
    {
        if (_slots.Resting > 0 || _backends.Resting > 0 || _frontends.Resting > 0 || _ids.Resting > 0)
        {
            _waitForReaders();
            Barriers++;
            _slots.Reclaim();
            _backends.Reclaim();
            _frontends.Reclaim();
            _ids.Reclaim();
        }
    }
}
