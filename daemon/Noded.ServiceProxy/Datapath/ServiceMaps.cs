using Noded.Bpf;

namespace Noded.ServiceProxy.Datapath;

/// <summary>The maps that the programs and we share, by their types.</summary>
internal sealed class ServiceMaps : IDisposable
{
    internal static readonly string[] Names =
    [
        "frontend_ids", "frontends", "slots", "backends", "backend_hits", "affinities", "source_ranges", "clients",
        "local_addrs", "counters", "events", "observers",
    ];

    private readonly Func<BpfMapHandle> _openEvents;

    /// <param name="open">Gives each map by its name, again whenever it is asked.</param>
    public ServiceMaps(Func<string, BpfMapHandle> open)
    {
        FrontendIds = new BpfMap<FrontendKey, uint>(open("frontend_ids"));
        Frontends = new MappedArray<FrontendEntry>(open("frontends"));
        Slots = new MappedArray<ulong>(open("slots"));
        Backends = new MappedArray<BackendEntry>(open("backends"));
        BackendHits = new MappedArray<ulong>(open("backend_hits"));
        Affinities = new BpfMap<AffinityKey, AffinityEntry>(open("affinities"));
        SourceRanges = new BpfMap<SourceRangeKey, uint>(open("source_ranges"));
        Clients = new BpfMap<ulong, ClientEntry>(open("clients"));
        LocalAddresses = new BpfMap<MapAddress, uint>(open("local_addrs"));
        Counters = new MappedArray<ulong>(open("counters"));
        Observers = new MappedArray<ulong>(open("observers"));
        _openEvents = () => open("events");
    }

    public BpfMap<FrontendKey, uint> FrontendIds { get; }

    public MappedArray<FrontendEntry> Frontends { get; }

    public MappedArray<ulong> Slots { get; }

    public MappedArray<BackendEntry> Backends { get; }

    public MappedArray<ulong> BackendHits { get; }

    public BpfMap<AffinityKey, AffinityEntry> Affinities { get; }

    public BpfMap<SourceRangeKey, uint> SourceRanges { get; }

    public BpfMap<ulong, ClientEntry> Clients { get; }

    public BpfMap<MapAddress, uint> LocalAddresses { get; }

    public MappedArray<ulong> Counters { get; }

    /// <summary>One element: of how many choices one is told; 0 while nobody listens.</summary>
    public MappedArray<ulong> Observers { get; }

    /// <summary>What the programs tell. One reader at a time.</summary>
    public RingBuffer<EventEntry> OpenEvents() => new(_openEvents());

    public void Dispose()
    {
        Observers.Dispose();
        FrontendIds.Dispose();
        Frontends.Dispose();
        Slots.Dispose();
        Backends.Dispose();
        BackendHits.Dispose();
        Affinities.Dispose();
        SourceRanges.Dispose();
        Clients.Dispose();
        LocalAddresses.Dispose();
        Counters.Dispose();
    }
}
