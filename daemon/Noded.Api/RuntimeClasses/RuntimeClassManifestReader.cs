using System.Collections.Immutable;

using k8s.Models;

using Noded.Api.Serialization;

namespace Noded.Api.RuntimeClasses;

/// <summary>What a file has of RuntimeClasses, or every reason why it is refused; never both.</summary>
public sealed record RuntimeClassManifest(ImmutableArray<V1RuntimeClass> Classes, ImmutableArray<ManifestError> Errors);

/// <summary>A manifest file of RuntimeClasses for a node without an API server: YAML or JSON, one document each.</summary>
public static class RuntimeClassManifestReader
{
    public static RuntimeClassManifest Read(string file, ReadOnlySpan<byte> content)
    {
        ImmutableArray<V1RuntimeClass>.Builder classes = ImmutableArray.CreateBuilder<V1RuntimeClass>();
        ImmutableArray<ManifestError> errors = ManifestDocuments.Read(file, content, (document, fields) =>
        {
            V1RuntimeClass runtimeClass = ApiJson.Decode(
                document,
                document.Root,
                FieldPath.Empty,
                RuntimeClassJsonContext.Default.V1RuntimeClass,
                ("node.k8s.io/v1", "RuntimeClass"));
            RuntimeClassValidator.Validate(runtimeClass, fields);
            classes.Add(runtimeClass);
        });
        return errors.IsEmpty
            ? new RuntimeClassManifest(classes.DrainToImmutable(), [])
            : new RuntimeClassManifest([], errors);
    }
}
