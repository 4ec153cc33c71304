using System.Collections.Immutable;

using k8s.Models;

using Noded.Api.Serialization;
using Noded.Api.Validation;
using Noded.Api.Yaml;

namespace Noded.Api.RuntimeClasses;

/// <summary>What a file has of RuntimeClasses, or every reason why it is refused; never both.</summary>
public sealed record RuntimeClassManifest(ImmutableArray<V1RuntimeClass> Classes, ImmutableArray<ManifestError> Errors);

/// <summary>A manifest file of RuntimeClasses for a node without an API server: YAML or JSON, one document each.</summary>
public static class RuntimeClassManifestReader
{
    public static RuntimeClassManifest Read(string file, ReadOnlySpan<byte> content)
    {
        ImmutableArray<V1RuntimeClass>.Builder classes = ImmutableArray.CreateBuilder<V1RuntimeClass>();
        ImmutableArray<ManifestError>.Builder errors = ImmutableArray.CreateBuilder<ManifestError>();
        try
        {
            foreach (SourceDocument document in SourceReader.Read(Path.GetFileName(file), content))
            {
                try
                {
                    classes.Add(Read(document));
                }
                catch (ManifestException e)
                {
                    errors.AddRange(e.Errors);
                }
            }
        }
        catch (ManifestException e)
        {
            errors.AddRange(e.Errors);
        }

        return errors.Count > 0
            ? new RuntimeClassManifest([], errors.DrainToImmutable())
            : new RuntimeClassManifest(classes.DrainToImmutable(), []);
    }

    private static V1RuntimeClass Read(SourceDocument document)
    {
        V1RuntimeClass runtimeClass = ApiJson.Decode(
            document,
            document.Root,
            FieldPath.Empty,
            RuntimeClassJsonContext.Default.V1RuntimeClass,
            ("node.k8s.io/v1", "RuntimeClass"));
        FieldErrors errors = new();
        RuntimeClassValidator.Validate(runtimeClass, errors);
        return errors.Count == 0
            ? runtimeClass
            : throw new ManifestException(
            [
                .. errors.ToImmutable().Select(error => new ManifestError(
                    document.File, document.LineOf(error.Field.Text), error.Field.Text, error.Message)),
            ]);
    }
}
