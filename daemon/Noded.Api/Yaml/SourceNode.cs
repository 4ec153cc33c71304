using System.Collections.Immutable;

namespace Noded.Api.Yaml;

/// <summary>A value as it stands in a file, YAML or JSON alike, with the line it starts on (from 1).</summary>
internal abstract record SourceNode
{
    private SourceNode(int line) => Line = line;

    public int Line { get; }

    /// <summary>What upstream's JSON errors call this kind of value.</summary>
    public abstract string KindName { get; }

    internal sealed record Null(int Line) : SourceNode(Line)
    {
        public override string KindName => "null";
    }

    internal sealed record Text(int Line, string Value) : SourceNode(Line)
    {
        public override string KindName => "string";
    }

    internal sealed record Bool(int Line, bool Value) : SourceNode(Line)
    {
        public override string KindName => "bool";
    }

    /// <param name="Value">A number in JSON's grammar.</param>
    internal sealed record Number(int Line, string Value) : SourceNode(Line)
    {
        public override string KindName => "number";
    }

    internal sealed record Sequence(int Line, ImmutableArray<SourceNode> Items) : SourceNode(Line)
    {
        public override string KindName => "array";
    }

    internal sealed record Mapping(int Line, ImmutableArray<SourceEntry> Entries) : SourceNode(Line)
    {
        public override string KindName => "object";

        public SourceNode? Find(string key) => Entries.FirstOrDefault(entry => entry.Key == key)?.Value;

        public ImmutableArray<SourceEntry> Sorted() =>
            Entries.Sort((left, right) => string.CompareOrdinal(left.Key, right.Key));
    }
}

/// <param name="Line">The line of the key.</param>
internal sealed record SourceEntry(string Key, int Line, SourceNode Value);
