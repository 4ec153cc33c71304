using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Noded.Api.Validation;
using Noded.Api.Yaml;

namespace Noded.Api.Serialization;

/// <summary>
/// One object spread over several files, as a configuration and its drop-ins are: each file is read strictly for itself,
/// then a later one goes before an earlier one, field by field; lists are replaced whole (RFC 7396).
/// </summary>
public sealed record LayeredDocuments(ImmutableArray<SourceDocument> Documents)
{
    /// <exception cref="ManifestException">Names everything that is wrong in any of the files.</exception>
    public T Read<T>(JsonTypeInfo<T> typeInfo, string apiVersion, string kind)
        where T : class
    {
        ImmutableArray<ManifestError>.Builder errors = ImmutableArray.CreateBuilder<ManifestError>();
        JsonObject merged = [];
        foreach (SourceDocument document in Documents)
        {
            ImmutableArray<ManifestError> wrongKind =
                ObjectKind.Check(document.File, document.Root, FieldPath.Empty, apiVersion, kind);
            StrictConversion conversion =
                StrictConversion.Convert(document.File, document.Root, typeInfo, FieldPath.Empty);
            errors.AddRange(wrongKind);
            errors.AddRange(document.Duplicates.Concat(conversion.Errors).OrderBy(error => error.Line));
            if (errors.Count == 0)
            {
                Merge(merged, JsonNode.Parse(conversion.Json.Span)!.AsObject());
            }
        }

        return errors.Count == 0
            ? merged.Deserialize(typeInfo)!
            : throw new ManifestException(errors.ToImmutable());
    }

    /// <summary>The error with the file and line that said last what is wrong.</summary>
    public ManifestError Locate(FieldError error)
    {
        SourceDocument document = Documents.LastOrDefault(document => document.Has(error.Field.Text)) ?? Documents[^1];
        return new ManifestError(document.File, document.LineOf(error.Field.Text), error.Field.Text, error.Message);
    }

    private static void Merge(JsonObject into, JsonObject patch)
    {
        foreach ((string key, JsonNode? value) in patch)
        {
            if (value is JsonObject inner && into[key] is JsonObject existing)
            {
                Merge(existing, inner);
            }
            else
            {
                into[key] = value?.DeepClone();
            }
        }
    }
}
