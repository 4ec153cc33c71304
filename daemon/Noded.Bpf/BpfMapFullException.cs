namespace Noded.Bpf;

/// <summary>A map takes no further key; what is in it stays.</summary>
public sealed class BpfMapFullException(string map, uint maxEntries)
    : IOException($"Map {map} is full: it holds {maxEntries} entries.")
{
    public string Map { get; } = map;

    public uint MaxEntries { get; } = maxEntries;
}
