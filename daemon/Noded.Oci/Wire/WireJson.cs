using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Noded.Oci.Wire;

/// <summary>The JSON documents of image archives as bytes: compact, in one member order, so that digests are stable.</summary>
internal static class WireJson
{
    /// <summary>Media types hold a <c>+</c>, which the default encoder would escape.</summary>
    private static readonly WireJsonContext Context = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static JsonTypeInfo<ManifestDocument> Manifest => Context.ManifestDocument;

    public static JsonTypeInfo<IndexDocument> Index => Context.IndexDocument;

    public static JsonTypeInfo<ConfigDocument> Config => Context.ConfigDocument;

    public static JsonTypeInfo<LayoutDocument> Layout => Context.LayoutDocument;

    public static JsonTypeInfo<List<DockerImageDocument>> DockerImages => Context.ListDockerImageDocument;

    public static byte[] Write<T>(T document, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(document, type);
}

[JsonSerializable(typeof(ManifestDocument))]
[JsonSerializable(typeof(IndexDocument))]
[JsonSerializable(typeof(ConfigDocument))]
[JsonSerializable(typeof(LayoutDocument))]
[JsonSerializable(typeof(List<DockerImageDocument>))]
internal sealed partial class WireJsonContext : JsonSerializerContext;
