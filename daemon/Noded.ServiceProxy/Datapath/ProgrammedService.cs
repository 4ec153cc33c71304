using System.Collections.Immutable;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Datapath;

/// <summary>A list as it is in the slots.</summary>
internal readonly record struct ProgrammedList(ListWord Word, ImmutableArray<Backend> Backends)
{
    public static ProgrammedList Empty => new(ListWord.Empty, []);

    public SlotRange? Range => Word.Count == 0 ? null : new SlotRange(Word.First, Word.Count);
}

/// <summary>What the maps hold of one service port; belongs to <see cref="ServiceTables"/>.</summary>
internal sealed class ProgrammedService(uint id)
{
    /// <summary>Of affinity and source ranges.</summary>
    public uint Id { get; } = id;

    public Dictionary<FrontendKey, uint> Frontends { get; } = [];

    public Dictionary<Backend, uint> Backends { get; } = [];

    public ProgrammedList Cluster { get; set; } = ProgrammedList.Empty;

    public ProgrammedList Local { get; set; } = ProgrammedList.Empty;

    public HashSet<IPPrefix> SourceRanges { get; } = [];

    /// <summary>Keys of source ranges found at start, whose prefixes nobody knows.</summary>
    public HashSet<SourceRangeKey> AdoptedSourceRanges { get; } = [];

    /// <summary>Lists found at start: they are replaced by the first plan, whatever it says.</summary>
    public HashSet<SlotRange> AdoptedRanges { get; } = [];
}
