using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

using k8s.Models;

using Noded.Api.Yaml;

namespace Noded.Api.Serialization;

/// <summary>
/// API objects to and from JSON and YAML. Reading is strict: every unknown or wrong field is an error.
/// </summary>
public static class ApiJson
{
    internal static JsonTypeInfo<V1Pod> Pod => ApiJsonContext.Default.V1Pod;

    /// <exception cref="ManifestException">Names every field that is unknown, duplicate or of the wrong
    /// type.</exception>
    public static V1Pod ReadPod(SourceDocument document) =>
        Decode(document, document.Root, FieldPath.Empty, Pod, ("v1", "Pod"));

    /// <summary>A pod of a document that has been read strictly before; what the model does not know is left out.</summary>
    /// <exception cref="JsonException">It is no pod.</exception>
    public static V1Pod ReadKnownPod(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, Pod) ?? throw new JsonException("A pod is no null.");

    /// <summary>Upstream's JSON: camelCase, absent fields left out.</summary>
    public static string Serialize(V1Pod pod) => JsonSerializer.Serialize(pod, Pod);

    public static byte[] SerializeToUtf8Bytes(V1Pod pod) => JsonSerializer.SerializeToUtf8Bytes(pod, Pod);

    /// <summary>A copy that shares nothing with <paramref name="pod"/>.</summary>
    public static V1Pod Clone(V1Pod pod) =>
        JsonSerializer.Deserialize(SerializeToUtf8Bytes(pod), Pod)!; // a pod never serialises to null

    /// <summary>
    /// Reads the object at <paramref name="node"/>, which is the whole document or an item of its list.
    /// </summary>
    /// <param name="expected">What the object must say it is; null where its place in a list says so.</param>
    internal static T Decode<T>(
        SourceDocument document,
        SourceNode node,
        FieldPath path,
        JsonTypeInfo<T> typeInfo,
        (string ApiVersion, string Kind)? expected)
        where T : class
    {
        ImmutableArray<ManifestError> wrongKind = expected is { } type
            ? ObjectKind.Check(document.File, node, path, type.ApiVersion, type.Kind)
            : [];
        if (wrongKind.Length > 0)
        {
            throw new ManifestException(wrongKind);
        }

        StrictConversion conversion = StrictConversion.Convert(document.File, node, typeInfo, path);
        ImmutableArray<ManifestError> errors =
            [.. document.Duplicates.Concat(conversion.Errors).OrderBy(error => error.Line)];
        if (errors.Length > 0)
        {
            throw new ManifestException(errors);
        }

        return JsonSerializer.Deserialize(conversion.Json.Span, typeInfo)!; // the conversion has no null at its root
    }
}
