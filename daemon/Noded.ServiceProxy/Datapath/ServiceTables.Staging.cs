using System.Collections.Immutable;
using Noded.Bpf;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Datapath;

internal sealed partial class ServiceTables
{
    // Runs that a plan in progress has taken already.
    private readonly List<SlotRange> _stagedRanges = [];

    private void AddSourceRanges(ServicePlan plan, ProgrammedService service)
    {
        foreach (IPPrefix range in plan.SourceRanges)
        {
            SourceRangeKey key = new(service.Id, range);
            if (!service.SourceRanges.Contains(key))
            {
                _maps.SourceRanges.Set(key, 1);
                service.SourceRanges.Add(key);
            }
        }
    }

    private void RemoveSourceRanges(ServicePlan? plan, ProgrammedService service)
    {
        if (service.SourceRanges.Count == 0)
        {
            return;
        }

        HashSet<SourceRangeKey> kept =
            [.. (plan?.SourceRanges ?? []).Select(range => new SourceRangeKey(service.Id, range))];
        foreach (SourceRangeKey key in service.SourceRanges.Where(key => !kept.Contains(key)))
        {
            _maps.SourceRanges.Remove(key);
        }

        service.SourceRanges.IntersectWith(kept);
    }

    /// <summary>One plan on its way into the maps: prepare where no reader looks, publish, then clean up.</summary>
    private sealed class Staging(ServiceTables tables, ProgrammedService service, ServicePlan plan)
    {
        private readonly ImmutableArray<ListedBackend> _wanted = ListedBackend.Union(plan.Cluster, plan.Local);
        private readonly List<SlotRange> _oldRanges = [];
        private readonly List<StagedFrontend> _frontends = new(plan.Frontends.Length);
        private ProgrammedBackend[] _backends = [];
        private int _prepared;
        private ProgrammedList _cluster;
        private ProgrammedList _local;

        /// <summary>Addresses of the plan that another service port has.</summary>
        public ImmutableArray<FrontendKey> Conflicts { get; private set; } = [];

        /// <summary>Writes backends and slots that no frontend points to yet.</summary>
        public void Prepare()
        {
            _backends = new ProgrammedBackend[_wanted.Length];
            ProgrammedBackend[] known = service.Backends;
            int place = 0;
            for (; _prepared < _wanted.Length; _prepared++)
            {
                (Backend backend, ulong lists) = _wanted[_prepared];
                while (place < known.Length && known[place].Backend < backend)
                {
                    place++;
                }

                if (place < known.Length && known[place].Backend == backend)
                {
                    // Into a list before it is published, out of one after.
                    ref ulong state = ref tables._maps.Backends[known[place].Index].State;
                    Volatile.Write(ref state, state | lists);
                    _backends[_prepared] = known[place];
                }
                else
                {
                    _backends[_prepared] = new ProgrammedBackend(backend, AddBackend(backend, lists));
                }
            }

            _cluster = Stage(service.Cluster, plan.Cluster);
            _local = Stage(service.Local, plan.Local);
        }

        public void TakeFrontends()
        {
            foreach (Frontend frontend in plan.Frontends)
            {
                FrontendKey key = KeyOf(plan, frontend);
                ProgrammedService? owner = tables._owners.GetValueOrDefault(key, service);
                if (owner == service && service.FindFrontend(key) is >= 0 and int place)
                {
                    _frontends.Add(new StagedFrontend(key, frontend, service.Frontends[place].Index, IsNew: false));
                }
                else if (owner == service || tables.IsAdopted(owner))
                {
                    _frontends.Add(new StagedFrontend(key, frontend, tables.TakeIndex(tables._frontends), IsNew: true));
                }
                else
                {
                    Conflicts = Conflicts.Add(key);
                }
            }
        }

        /// <summary>Gives back what was taken; nothing of it was reachable.</summary>
        public void Abandon()
        {
            foreach (ProgrammedBackend backend in _backends.Take(_prepared))
            {
                if (service.FindBackend(backend.Backend) is null)
                {
                    tables.ReturnBackend(backend.Index);
                }
            }

            foreach (StagedFrontend frontend in _frontends.Where(frontend => frontend.IsNew))
            {
                tables._frontends.Return(frontend.Index);
            }

            tables._stagedRanges.ForEach(tables._slots.Return);
            tables._stagedRanges.Clear();
            if (service.AdoptedRanges.Count == 0)
            {
                SetStates(ListedBackend.Union(service.Cluster.Backends, service.Local.Backends), service.Backends);
            }
        }

        /// <returns>Why a new address could not be added, which nothing but a lack of memory can cause.</returns>
        public BpfException? Publish()
        {
            BpfException? refusal = null;
            foreach (StagedFrontend frontend in _frontends)
            {
                if (frontend.IsNew)
                {
                    refusal ??= TryAdd(frontend);
                }
                else
                {
                    Write(ref tables._maps.Frontends[frontend.Index], frontend.Frontend);
                }
            }

            _oldRanges.AddRange(service.AdoptedRanges);
            service.AdoptedRanges.Clear();
            (service.Cluster, service.Local) = (_cluster, _local);
            tables._stagedRanges.Clear();
            return refusal;
        }

        /// <summary>Lets go of what the plan does not have any more.</summary>
        public void Finish()
        {
            tables.RemoveFrontends(service, key => !_frontends.Exists(frontend => frontend.Key == key));
            ProgrammedBackend[] before = service.Backends;
            service.Backends = _backends;
            SetStates(_wanted, _backends);
            foreach (ProgrammedBackend backend in before)
            {
                if (service.FindBackend(backend.Backend) is null)
                {
                    tables.ReturnBackend(backend.Index);
                    tables._hasLostUdp |= plan.Name.Protocol == ServiceProtocol.Udp;
                }
            }

            _oldRanges.ForEach(tables._slots.Return);
        }

        /// <summary>Says of every backend which lists it is in now.</summary>
        private void SetStates(ImmutableArray<ListedBackend> listed, ProgrammedBackend[] backends)
        {
            int place = 0;
            foreach (ProgrammedBackend backend in backends)
            {
                while (place < listed.Length && listed[place].Backend < backend.Backend)
                {
                    place++;
                }

                ulong lists = place < listed.Length && listed[place].Backend == backend.Backend ? listed[place].Lists : 0;
                ref ulong state = ref tables._maps.Backends[backend.Index].State;
                Volatile.Write(ref state, BackendEntry.GenerationOf(state) | lists);
            }
        }

        private BpfException? TryAdd(StagedFrontend frontend)
        {
            ref FrontendEntry entry = ref tables._maps.Frontends[frontend.Index];
            entry.Key = frontend.Key;
            entry.Service = service.Id;
            Write(ref entry, frontend.Frontend);
            try
            {
                tables._maps.FrontendIds.Set(frontend.Key, frontend.Index);
            }
            catch (BpfException e)
            {
                tables._frontends.Return(frontend.Index);
                return e;
            }

            tables.TakeOver(frontend.Key);
            service.Frontends.Add(new ProgrammedFrontend(frontend.Key, frontend.Index));
            tables._owners[frontend.Key] = service;
            return null;
        }

        private uint AddBackend(Backend backend, ulong lists)
        {
            uint index = tables.TakeIndex(tables._backends);
            ref BackendEntry entry = ref tables._maps.Backends[index];
            entry.Address = new MapAddress(backend.Address);
            entry.Port = new BigEndian16(backend.Port);
            entry.Service = service.Id;
            tables._maps.BackendHits[index] = 0;
            Volatile.Write(ref entry.State, BackendEntry.GenerationOf(entry.State) | lists);
            return index;
        }

        private ProgrammedList Stage(ProgrammedList before, ImmutableArray<Backend> backends)
        {
            if (before.Backends.SequenceEqual(backends) && service.AdoptedRanges.Count == 0)
            {
                return before;
            }

            if (before.Range is SlotRange old)
            {
                _oldRanges.Add(old);
            }

            if (backends.IsEmpty)
            {
                return ProgrammedList.Empty;
            }

            SlotRange range = tables.TakeSlots(backends.Length, service);
            tables._stagedRanges.Add(range);
            ushort tag = ++tables._tag;
            int place = 0;
            for (int i = 0; i < backends.Length; i++)
            {
                while (_backends[place].Backend != backends[i])
                {
                    place++;
                }

                Volatile.Write(
                    ref tables._maps.Slots[range.First + (uint)i], _backends[place].Index | ((ulong)tag << 32));
            }

            return new ProgrammedList(new ListWord(range.First, range.Count, tag), backends);
        }

        /// <summary>The words last, each by one store: that is the moment of the change.</summary>
        private void Write(ref FrontendEntry entry, Frontend frontend)
        {
            entry.AffinitySeconds = (uint)plan.Affinity.TotalSeconds;
            entry.Flags = FlagsOf(frontend);
            Volatile.Write(ref entry.Internal, (frontend.Internal.IsLocal ? _local : _cluster).Word.Value);
            Volatile.Write(ref entry.External, (frontend.External.IsLocal ? _local : _cluster).Word.Value);
        }

        private FrontendFlags FlagsOf(Frontend frontend) =>
            (plan.Affinity > TimeSpan.Zero ? FrontendFlags.Affinity : 0)
            | (frontend.ChecksSource ? FrontendFlags.SourceRanges : 0)
            | (frontend.Internal.IsLocal ? FrontendFlags.InternalLocal : 0)
            | (frontend.External.IsLocal ? FrontendFlags.ExternalLocal : 0)
            | (frontend.Internal.WhenEmpty == WhenEmpty.Drop ? FrontendFlags.InternalDrop : 0)
            | (frontend.External.WhenEmpty == WhenEmpty.Drop ? FrontendFlags.ExternalDrop : 0);
    }

    /// <param name="IsNew">Not among the service's frontends yet.</param>
    private readonly record struct StagedFrontend(FrontendKey Key, Frontend Frontend, uint Index, bool IsNew);

    /// <param name="Lists">The flags of <see cref="BackendEntry.State"/>.</param>
    private readonly record struct ListedBackend(Backend Backend, ulong Lists)
    {
        /// <summary>Every backend of two lists in order once, with the lists that it is in.</summary>
        public static ImmutableArray<ListedBackend> Union(ImmutableArray<Backend> cluster, ImmutableArray<Backend> local)
        {
            ImmutableArray<ListedBackend>.Builder union =
                ImmutableArray.CreateBuilder<ListedBackend>(Math.Max(cluster.Length, local.Length));
            (int inCluster, int inLocal) = (0, 0);
            while (inCluster < cluster.Length || inLocal < local.Length)
            {
                int order = inCluster == cluster.Length ? 1
                    : inLocal == local.Length ? -1
                    : cluster[inCluster].CompareTo(local[inLocal]);
                Backend next = order <= 0 ? cluster[inCluster] : local[inLocal];
                union.Add(new ListedBackend(
                    next, (order <= 0 ? BackendEntry.InCluster : 0) | (order >= 0 ? BackendEntry.InLocal : 0)));
                inCluster = SkipEqual(cluster, inCluster, next);
                inLocal = SkipEqual(local, inLocal, next);
            }

            return union.DrainToImmutable();
        }

        private static int SkipEqual(ImmutableArray<Backend> list, int place, Backend backend)
        {
            while (place < list.Length && list[place] == backend)
            {
                place++;
            }

            return place;
        }
    }
}
