using System.Collections.Immutable;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Datapath;

/// <summary>A list as it is in the slots.</summary>
internal readonly record struct ProgrammedList(ListWord Word, ImmutableArray<Backend> Backends)
{
    public static ProgrammedList Empty => new(ListWord.Empty, []);

    public SlotRange? Range => Word.Count == 0 ? null : new SlotRange(Word.First, Word.Count);
}

/// <summary>Where an address and port are in the array of frontends.</summary>
internal readonly record struct ProgrammedFrontend(FrontendKey Key, uint Index);

/// <summary>Where a backend is in the array of backends.</summary>
internal readonly record struct ProgrammedBackend(Backend Backend, uint Index) : IComparable<ProgrammedBackend>
{
    /// <summary>By the backend alone: none is there twice.</summary>
    public int CompareTo(ProgrammedBackend other) => Backend.CompareTo(other.Backend);
}

/// <summary>
/// What the maps hold of one service port; belongs to <see cref="ServiceTables"/>. There are tens of thousands, most with
/// one address and a few backends: so arrays in order, not dictionaries.
/// </summary>
internal sealed class ProgrammedService(uint id)
{
    /// <summary>Of affinity and source ranges.</summary>
    public uint Id { get; } = id;

    public List<ProgrammedFrontend> Frontends { get; } = new(1);

    /// <summary>In order, each once.</summary>
    public ProgrammedBackend[] Backends { get; set; } = [];

    public ProgrammedList Cluster { get; set; } = ProgrammedList.Empty;

    public ProgrammedList Local { get; set; } = ProgrammedList.Empty;

    public HashSet<SourceRangeKey> SourceRanges { get; } = [];

    /// <summary>Lists found at start: they are replaced by the first plan, whatever it says.</summary>
    public List<SlotRange> AdoptedRanges { get; } = [];

    /// <summary>The index of a backend, or null.</summary>
    public uint? FindBackend(Backend backend)
    {
        int place = Array.BinarySearch(Backends, new ProgrammedBackend(backend, 0));
        return place < 0 ? null : Backends[place].Index;
    }

    /// <summary>Its place in <see cref="Frontends"/>; below zero when there is none.</summary>
    public int FindFrontend(FrontendKey key) => Frontends.FindIndex(frontend => frontend.Key == key);
}
