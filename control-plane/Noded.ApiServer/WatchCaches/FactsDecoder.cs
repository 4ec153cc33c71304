using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;
using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>Reads the facts of a kind's objects.</summary>
internal sealed class FactsDecoder(Strategy strategy)
{
    private const int LongestShared = 64;

    private readonly TextPool _texts = new();

    /// <summary>The selectable fields, sorted.</summary>
    public ImmutableArray<string> Names { get; } = [.. strategy.SelectableFields.Keys.Order(StringComparer.Ordinal)];

    /// <exception cref="DocumentException">The store holds no object there.</exception>
    public ObjectFacts Decode(KeyValue stored)
    {
        JsonObject document = Read(stored);
        return new ObjectFacts(
            [.. (document.Labels() ?? []).Select(label => KeyValuePair.Create(Shared(label.Key), Shared(label.Value.AsText() ?? "")))],
            [.. Names.Select(name => Shared(strategy.SelectableFields[name](document)))]);
    }

    /// <summary>The object, or its metadata alone where no field of it can be selected.</summary>
    private JsonObject Read(KeyValue stored)
    {
        if (Names.IsEmpty)
        {
            ReadOnlySpan<byte> metadata = JsonSlice.Of(stored.Value.Span, "metadata"u8);
            return new JsonObject { ["metadata"] = metadata.IsEmpty ? null : DocumentReader.ReadJson(metadata).Root };
        }

        return DocumentReader.ReadJson(stored.Value.Span).Root as JsonObject
            ?? throw new DocumentException($"the store holds no object under {stored.Key}");
    }

    /// <summary>Many objects have the same labels and fields; the text is then there once.</summary>
    private string Shared(string text) => text.Length switch
    {
        0 => "",
        > LongestShared => text,
        _ => _texts.Get(text),
    };
}
