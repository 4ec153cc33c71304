using System.Collections.Immutable;

using Noded.Api.Yaml;

namespace Noded.Api.Serialization;

/// <summary>The two fields that say what a manifest is.</summary>
internal static class ObjectKind
{
    public static string? KindOf(SourceNode node) =>
        (node as SourceNode.Mapping)?.Find("kind") is SourceNode.Text { Value: string kind } ? kind : null;

    /// <summary>
    /// Errors when the object is not of this version and kind; the texts are upstream's where it has any.
    /// </summary>
    public static ImmutableArray<ManifestError> Check(
        string file,
        SourceNode node,
        FieldPath path,
        string apiVersion,
        string kind)
    {
        if (node is not SourceNode.Mapping mapping)
        {
            return [new ManifestError(file, node.Line, path.Text, $"expected a {kind} object, found {node.KindName}")];
        }

        ImmutableArray<ManifestError>.Builder errors = ImmutableArray.CreateBuilder<ManifestError>();
        Check("apiVersion", apiVersion);
        Check("kind", kind);
        return errors.DrainToImmutable();

        void Check(string field, string expected)
        {
            SourceEntry? entry = mapping.Entries.FirstOrDefault(entry => entry.Key == field);
            string? message = entry?.Value switch
            {
                SourceNode.Text { Value: string value } when value == expected => null,
                SourceNode.Text { Value: { Length: > 0 } value } =>
                    $"Unsupported value: \"{value}\": supported values: \"{expected}\"",
                null or SourceNode.Null or SourceNode.Text => "Required value",
                SourceNode other => $"cannot unmarshal {other.KindName} into string",
            };

            if (message is not null)
            {
                errors.Add(new ManifestError(file, entry?.Line ?? mapping.Line, path.Child(field).Text, message));
            }
        }
    }
}
