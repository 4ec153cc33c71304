using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

using Noded.Api.Serialization;

namespace Noded.Api.Yaml;

/// <summary>JSON text to a source tree.</summary>
internal ref struct JsonSourceReader
{
    private readonly string _file;
    private readonly ReadOnlySpan<byte> _content;
    private readonly SourceDuplicates _duplicates;
    private Utf8JsonReader _reader;
    private int _line;
    private int _counted;

    private JsonSourceReader(string file, ReadOnlySpan<byte> content, SourceLimits limits)
    {
        _file = file;
        _content = content;
        _duplicates = new SourceDuplicates(file);
        _reader = new Utf8JsonReader(content, new JsonReaderOptions { MaxDepth = limits.MaxDepth });
        _line = 1;
    }

    public static ImmutableArray<SourceDocument> Read(string file, ReadOnlySpan<byte> content, SourceLimits limits)
    {
        JsonSourceReader reader = new(file, content, limits);
        try
        {
            reader.Next();
            SourceNode root = reader.ReadValue(FieldPath.Empty);
            reader._reader.Read();
            return [new SourceDocument(file, root, reader._duplicates.Errors)];
        }
        catch (JsonException e)
        {
            throw reader.Error((int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1, "invalid JSON");
        }
    }

    private void Next()
    {
        if (!_reader.Read())
        {
            throw Error(_line, 1, "unexpected end of JSON input");
        }
    }

    private SourceNode ReadValue(FieldPath path)
    {
        int line = Line();
        return _reader.TokenType switch
        {
            JsonTokenType.StartObject => ReadObject(line, path),
            JsonTokenType.StartArray => ReadArray(line, path),
            JsonTokenType.String => new SourceNode.Text(line, ReadString()),
            JsonTokenType.Number => new SourceNode.Number(line, Encoding.UTF8.GetString(_reader.ValueSpan)),
            JsonTokenType.True or JsonTokenType.False => new SourceNode.Bool(line, _reader.GetBoolean()),
            _ => new SourceNode.Null(line),
        };
    }

    private SourceNode.Mapping ReadObject(int line, FieldPath path)
    {
        SourceEntries entries = new(_duplicates, path);
        for (Next(); _reader.TokenType != JsonTokenType.EndObject; Next())
        {
            int keyLine = Line();
            string key = ReadString();
            Next();
            entries.Set(key, keyLine, ReadValue(path.Child(key)));
        }

        return new SourceNode.Mapping(line, entries.ToImmutable());
    }

    private SourceNode.Sequence ReadArray(int line, FieldPath path)
    {
        ImmutableArray<SourceNode>.Builder items = ImmutableArray.CreateBuilder<SourceNode>();
        for (Next(); _reader.TokenType != JsonTokenType.EndArray; Next())
        {
            items.Add(ReadValue(path.Index(items.Count)));
        }

        return new SourceNode.Sequence(line, items.DrainToImmutable());
    }

    private string ReadString()
    {
        try
        {
            return _reader.GetString()!; // a string or a property name, never null
        }
        catch (InvalidOperationException)
        {
            throw Error(Line(), 1, "invalid JSON: half of a surrogate pair");
        }
    }

    /// <summary>The line of the current token; counts each newline of the file once.</summary>
    private int Line()
    {
        int start = (int)_reader.TokenStartIndex;
        _line += _content[_counted..start].Count((byte)'\n');
        _counted = start;
        return _line;
    }

    private readonly ManifestException Error(int line, int column, string message) =>
        new(new ManifestError(_file, line, "", $"column {column}: {message}"));
}
