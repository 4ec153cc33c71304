using System.Collections.Immutable;
using System.Diagnostics;

using Noded.Api.Serialization;

using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Noded.Api.Yaml;

/// <summary>
/// The events of a YAML parser to source trees, with the meanings that sigs.k8s.io/yaml (go-yaml v2, YAML 1.1) gives
/// to plain scalars. Merge keys follow the YAML specification: a field of the mapping itself always wins.
/// </summary>
internal sealed class YamlSourceReader
{
    private readonly string _file;
    private readonly SourceLimits _limits;
    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, SourceNode?> _anchors = [];
    private SourceDuplicates _duplicates;
    private int _aliasCost;

    private YamlSourceReader(string file, string text, SourceLimits limits)
    {
        _file = file;
        _limits = limits;
        _parser = new Parser(new StringReader(text));
        _duplicates = new SourceDuplicates(file);
    }

    public static ImmutableArray<SourceDocument> Read(string file, string text, SourceLimits limits)
    {
        YamlSourceReader reader = new(file, text, limits);
        try
        {
            return reader.ReadStream();
        }
        catch (YamlException e)
        {
            // Errors start where their token does, which for a tab may be a line of no fault.
            Mark mark = e.Message.Contains("tab character", StringComparison.Ordinal) ? e.End : e.Start;
            throw reader.Error(mark, $"invalid YAML: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private ImmutableArray<SourceDocument> ReadStream()
    {
        ImmutableArray<SourceDocument>.Builder documents = ImmutableArray.CreateBuilder<SourceDocument>();
        while (MoveNext())
        {
            if (_parser.Current is not DocumentStart)
            {
                continue;
            }

            _anchors.Clear();
            _aliasCost = 0;
            _duplicates = new SourceDuplicates(_file);
            SourceNode root = ReadNode(Next(), FieldPath.Empty, depth: 0);
            if (root is not SourceNode.Null)
            {
                documents.Add(new SourceDocument(_file, root, _duplicates.Errors));
            }
        }

        return documents.DrainToImmutable();
    }

    private bool MoveNext()
    {
        try
        {
            return _parser.MoveNext();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // Not all that the parser refuses is a YamlException: odd tags, keys too long to be simple.
            throw Error(_parser.Current?.End ?? Mark.Empty, $"invalid YAML: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private ParsingEvent Next()
    {
        if (!MoveNext())
        {
            throw new ManifestException(new ManifestError(_file, 0, "", "invalid YAML: the document ends early"));
        }

        return _parser.Current!; // set after a successful MoveNext
    }

    private SourceNode ReadNode(ParsingEvent start, FieldPath path, int depth)
    {
        if (depth > _limits.MaxDepth)
        {
            throw Error(start.Start, $"nested deeper than {_limits.MaxDepth} levels");
        }

        if (start is AnchorAlias alias)
        {
            return Resolve(alias);
        }

        AnchorName anchor = start is NodeEvent nodeEvent ? nodeEvent.Anchor : AnchorName.Empty;
        if (!anchor.IsEmpty)
        {
            // Known but unfinished: an alias inside its own anchor is found.
            _anchors[anchor] = null;
        }

        SourceNode node = start switch
        {
            Scalar scalar => ReadScalar(scalar),
            SequenceStart sequence => ReadSequence(sequence, path, depth),
            MappingStart mapping => ReadMapping(mapping, path, depth),
            _ => throw new UnreachableException($"Unhandled {start.GetType().Name}."),
        };

        if (!anchor.IsEmpty)
        {
            _anchors[anchor] = node;
        }

        return node;
    }

    private SourceNode ReadScalar(Scalar scalar) =>
        YamlScalar.Resolve(scalar, LineOf(scalar), out string? error) ?? throw Error(scalar.Start, error!);

    private SourceNode.Sequence ReadSequence(SequenceStart start, FieldPath path, int depth)
    {
        ImmutableArray<SourceNode>.Builder items = ImmutableArray.CreateBuilder<SourceNode>();
        for (ParsingEvent item = Next(); item is not SequenceEnd; item = Next())
        {
            items.Add(ReadNode(item, path.Index(items.Count), depth + 1));
        }

        return new SourceNode.Sequence(LineOf(start), items.DrainToImmutable());
    }

    private SourceNode.Mapping ReadMapping(MappingStart start, FieldPath path, int depth)
    {
        SourceEntries entries = new(_duplicates, path);
        List<SourceNode.Mapping> merges = [];

        for (ParsingEvent keyEvent = Next(); keyEvent is not MappingEnd; keyEvent = Next())
        {
            if (keyEvent is Scalar { Value: "<<", Style: ScalarStyle.Plain, Tag.IsEmpty: true })
            {
                merges.AddRange(ReadMerges(path, depth));
                continue;
            }

            string key = YamlScalar.KeyOf(ReadNode(keyEvent, path, depth + 1))
                ?? throw Error(keyEvent.Start, "unsupported map key: only strings, numbers and booleans name fields");
            entries.Set(key, LineOf(keyEvent), ReadNode(Next(), path.Child(key), depth + 1));
        }

        foreach (SourceEntry entry in merges.SelectMany(merge => merge.Entries))
        {
            entries.Merge(entry);
        }

        return new SourceNode.Mapping(LineOf(start), entries.ToImmutable());
    }

    private ImmutableArray<SourceNode.Mapping> ReadMerges(FieldPath path, int depth)
    {
        ParsingEvent start = Next();
        SourceNode value = ReadNode(start, path, depth + 1);
        ImmutableArray<SourceNode> sources = value is SourceNode.Sequence sequence ? sequence.Items : [value];

        return sources.All(source => source is SourceNode.Mapping)
            ? [.. sources.Cast<SourceNode.Mapping>()]
            : throw Error(start.Start, "map merge requires map or sequence of maps as the value");
    }

    private SourceNode Resolve(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value, out SourceNode? node))
        {
            throw Error(alias.Start, $"unknown anchor '{alias.Value}' referenced");
        }

        if (node is null)
        {
            throw Error(alias.Start, $"anchor '{alias.Value}' value contains itself");
        }

        _aliasCost = YamlAliases.AddCost(node, _aliasCost, _limits.MaxAliasCost);
        return _aliasCost <= _limits.MaxAliasCost
            ? node
            : throw Error(alias.Start, "document contains excessive aliasing");
    }

    private static int LineOf(ParsingEvent parsingEvent) => (int)parsingEvent.Start.Line;

    private ManifestException Error(Mark mark, string message) =>
        new(new ManifestError(_file, (int)mark.Line, "", $"column {mark.Column}: {message}"));
}
