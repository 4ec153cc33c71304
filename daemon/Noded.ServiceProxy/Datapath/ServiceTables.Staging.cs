using System.Collections.Immutable;
using Noded.Bpf;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Datapath;

internal sealed partial class ServiceTables
{
    // Runs that a plan in progress has taken already.
    private readonly HashSet<SlotRange> _stagedRanges = [];

    private void AddSourceRanges(ServicePlan plan, ProgrammedService service)
    {
        foreach (IPPrefix range in plan.SourceRanges)
        {
            if (!service.SourceRanges.Contains(range))
            {
                _maps.SourceRanges.Set(new SourceRangeKey(service.Id, range), 1);
                service.SourceRanges.Add(range);
            }
        }
    }

    private void RemoveSourceRanges(ServicePlan? plan, ProgrammedService service)
    {
        HashSet<SourceRangeKey> kept =
            [.. (plan?.SourceRanges ?? []).Select(range => new SourceRangeKey(service.Id, range))];
        IEnumerable<SourceRangeKey> known =
        [
            .. service.SourceRanges.Select(range => new SourceRangeKey(service.Id, range)),
            .. service.AdoptedSourceRanges,
        ];
        foreach (SourceRangeKey key in known.Where(key => !kept.Contains(key)))
        {
            _maps.SourceRanges.Remove(key);
        }

        service.AdoptedSourceRanges.Clear();
        service.SourceRanges.IntersectWith(plan?.SourceRanges ?? []);
    }

    /// <summary>One plan on its way into the maps: prepare where no reader looks, publish, then clean up.</summary>
    private sealed class Staging(ServiceTables tables, ProgrammedService service, ServicePlan plan)
    {
        private readonly Dictionary<Backend, uint> _newBackends = [];
        private readonly Dictionary<FrontendKey, uint> _newFrontends = [];
        private readonly List<SlotRange> _oldRanges = [];
        private readonly HashSet<Backend> _wantedCluster = [.. plan.Cluster];
        private readonly HashSet<Backend> _wantedLocal = [.. plan.Local];
        private ProgrammedList _cluster;
        private ProgrammedList _local;

        /// <summary>Writes backends and slots that no frontend points to yet.</summary>
        public void Prepare()
        {
            foreach (Backend backend in plan.Cluster.Union(plan.Local))
            {
                ulong lists = ListsOf(backend);
                if (service.Backends.TryGetValue(backend, out uint index))
                {
                    // Into a list before it is published, out of one after.
                    ref ulong state = ref tables._maps.Backends[index].State;
                    Volatile.Write(ref state, state | lists);
                }
                else
                {
                    _newBackends[backend] = AddBackend(backend, lists);
                }
            }

            _cluster = Stage(service.Cluster, plan.Cluster);
            _local = Stage(service.Local, plan.Local);
        }

        public void TakeFrontends(IEnumerable<FrontendKey> keys)
        {
            foreach (FrontendKey key in keys.Where(key => !service.Frontends.ContainsKey(key)))
            {
                _newFrontends[key] = tables.TakeIndex(tables._frontends);
            }
        }

        /// <summary>Gives back what was taken; nothing of it was reachable.</summary>
        public void Abandon()
        {
            foreach (uint index in _newBackends.Values)
            {
                tables.ReturnBackend(index);
            }

            foreach (uint index in _newFrontends.Values)
            {
                tables._frontends.Return(index);
            }

            foreach (SlotRange range in tables._stagedRanges)
            {
                tables._slots.Return(range);
            }

            tables._stagedRanges.Clear();
            if (service.AdoptedRanges.Count == 0)
            {
                SetStates([.. service.Cluster.Backends], [.. service.Local.Backends]);
            }
        }

        /// <returns>Why a new address could not be added, which nothing but a lack of memory can cause.</returns>
        public BpfException? Publish(ImmutableDictionary<FrontendKey, Frontend> wanted)
        {
            BpfException? refusal = null;
            foreach ((FrontendKey key, Frontend frontend) in wanted)
            {
                if (service.Frontends.TryGetValue(key, out uint index))
                {
                    Write(ref tables._maps.Frontends[index], frontend);
                }
                else
                {
                    refusal ??= TryAdd(key, frontend, _newFrontends[key]);
                }
            }

            if (service.AdoptedRanges.Count > 0)
            {
                _oldRanges.AddRange(service.AdoptedRanges);
                service.AdoptedRanges.Clear();
            }

            (service.Cluster, service.Local) = (_cluster, _local);
            tables._stagedRanges.Clear();
            return refusal;
        }

        /// <summary>Lets go of what the lists do not hold any more.</summary>
        public void Finish()
        {
            foreach ((Backend backend, uint index) in _newBackends)
            {
                service.Backends[backend] = index;
            }

            SetStates(_wantedCluster, _wantedLocal);
            foreach (Backend backend in service.Backends.Keys.Where(backend => ListsOf(backend) == 0).ToArray())
            {
                service.Backends.Remove(backend, out uint index);
                tables.ReturnBackend(index);
                tables._hasLostUdp |= plan.Name.Protocol == ServiceProtocol.Udp;
            }

            _oldRanges.ForEach(tables._slots.Return);
        }

        /// <summary>Says of every backend which lists it is in now.</summary>
        private void SetStates(HashSet<Backend> cluster, HashSet<Backend> local)
        {
            foreach ((Backend backend, uint index) in service.Backends)
            {
                ref ulong state = ref tables._maps.Backends[index].State;
                Volatile.Write(ref state, BackendEntry.GenerationOf(state) | ListsOf(backend, cluster, local));
            }
        }

        private BpfException? TryAdd(FrontendKey key, Frontend frontend, uint index)
        {
            ref FrontendEntry entry = ref tables._maps.Frontends[index];
            entry.Key = key;
            entry.Service = service.Id;
            Write(ref entry, frontend);
            try
            {
                tables._maps.FrontendIds.Set(key, index);
                service.Frontends[key] = index;
                return null;
            }
            catch (BpfException e)
            {
                tables._frontends.Return(index);
                return e;
            }
        }

        private ulong ListsOf(Backend backend) => ListsOf(backend, _wantedCluster, _wantedLocal);

        private static ulong ListsOf(Backend backend, HashSet<Backend> cluster, HashSet<Backend> local) =>
            (cluster.Contains(backend) ? BackendEntry.InCluster : 0)
            | (local.Contains(backend) ? BackendEntry.InLocal : 0);

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
            for (int i = 0; i < backends.Length; i++)
            {
                uint index = service.Backends.TryGetValue(backends[i], out uint known) ? known : _newBackends[backends[i]];
                Volatile.Write(ref tables._maps.Slots[range.First + (uint)i], index | ((ulong)tag << 32));
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
}
