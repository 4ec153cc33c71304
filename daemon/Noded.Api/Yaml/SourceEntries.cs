using System.Collections.Immutable;

using Noded.Api.Serialization;

namespace Noded.Api.Yaml;

/// <summary>Collects the fields of one mapping; a field given again replaces the earlier one and is reported.</summary>
internal sealed class SourceEntries(SourceDuplicates duplicates, FieldPath path)
{
    private readonly List<SourceEntry> _entries = [];
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);

    public void Set(string key, int line, SourceNode value)
    {
        SourceEntry entry = new(key, line, value);
        if (_index.TryAdd(key, _entries.Count))
        {
            _entries.Add(entry);
            return;
        }

        duplicates.Add(line, path.Child(key));
        _entries[_index[key]] = entry;
    }

    /// <summary>Adds a field of a merge key (<c>&lt;&lt;</c>), which never beats one that is there.</summary>
    public void Merge(SourceEntry entry)
    {
        if (_index.TryAdd(entry.Key, _entries.Count))
        {
            _entries.Add(entry);
        }
    }

    public ImmutableArray<SourceEntry> ToImmutable() => [.. _entries];
}

/// <summary>The fields of a document that were given more than once.</summary>
internal sealed class SourceDuplicates(string file)
{
    private readonly ImmutableArray<ManifestError>.Builder _errors = ImmutableArray.CreateBuilder<ManifestError>();

    public ImmutableArray<ManifestError> Errors => _errors.ToImmutable();

    public void Add(int line, FieldPath path) =>
        _errors.Add(new ManifestError(file, line, "", $"duplicate field \"{path}\""));
}
