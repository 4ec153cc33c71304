using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

using Noded.Api.Serialization;

namespace Noded.Api.Yaml;

/// <summary>One document of a manifest file: its JSON, and the line of everything in it.</summary>
public sealed class SourceDocument
{
    internal static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = SourceLimits.DeepestLimit + 8,
    };

    private readonly Lazy<ReadOnlyMemory<byte>> _json;

    internal SourceDocument(string file, SourceNode root, ImmutableArray<ManifestError> duplicates)
    {
        File = file;
        Root = root;
        Duplicates = duplicates;
        _json = new Lazy<ReadOnlyMemory<byte>>(() => Write(root));
    }

    public string File { get; }

    /// <summary>The document as UTF-8 JSON; of duplicate fields it holds the last.</summary>
    public ReadOnlyMemory<byte> Json => _json.Value;

    /// <summary>Fields given more than once: harmless to a lenient reader, errors to a strict one.</summary>
    public ImmutableArray<ManifestError> Duplicates { get; }

    internal SourceNode Root { get; }

    /// <summary>
    /// The line of a field named as validation names it, <c>spec.containers[0].image</c> or
    /// <c>metadata.labels[app]</c>. A field that is absent has the line of the nearest parent that is present.
    /// </summary>
    public int LineOf(string path) => Find(path).Line;

    /// <summary>Whether the document itself has the field, named as for <see cref="LineOf"/>.</summary>
    public bool Has(string path) => Find(path).IsWhole;

    private (int Line, bool IsWhole) Find(string path)
    {
        (SourceNode node, int line) = (Root, Root.Line);
        ReadOnlySpan<char> rest = path;

        while (rest.Length > 0 && Step(node, rest) is { } step)
        {
            (node, line) = (step.Node, step.Line);
            rest = rest[step.Length..];
        }

        return (line, rest.Length == 0);
    }

    private static (SourceNode Node, int Line, int Length)? Step(SourceNode node, ReadOnlySpan<char> path)
    {
        if (node is SourceNode.Sequence sequence)
        {
            int close = path.IndexOf(']');
            return path[0] == '['
                && close > 0
                && int.TryParse(path[1..close], NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && index < sequence.Items.Length
                    ? (sequence.Items[index], sequence.Items[index].Line, close + 1)
                    : null;
        }

        // Keys may hold dots and brackets, so the keys that exist decide where one ends.
        (SourceNode, int, int)? best = null;
        int bestLength = 0;
        foreach (SourceEntry entry in node is SourceNode.Mapping mapping ? mapping.Entries : [])
        {
            int length = MatchLength(path, entry.Key);
            if (length > bestLength)
            {
                (best, bestLength) = ((entry.Value, entry.Line, length), length);
            }
        }

        return best;
    }

    private static int MatchLength(ReadOnlySpan<char> path, string key)
    {
        if (path[0] == '[')
        {
            bool keyed = path[1..].StartsWith(key, StringComparison.Ordinal)
                && path[(1 + key.Length)..].StartsWith("]", StringComparison.Ordinal);
            return keyed ? key.Length + 2 : 0;
        }

        int dot = path[0] == '.' ? 1 : 0;
        ReadOnlySpan<char> name = path[dot..];
        bool whole = name.StartsWith(key, StringComparison.Ordinal)
            && (name.Length == key.Length || name[key.Length] is '.' or '[');
        return whole ? key.Length + dot : 0;
    }

    private static ReadOnlyMemory<byte> Write(SourceNode root)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, WriterOptions))
        {
            SourceNodeWriter.Write(writer, root);
        }

        return buffer.WrittenMemory;
    }
}
