using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;

using k8s.Models;

using Noded.Api.Serialization;
using Noded.Api.Validation;
using Noded.Api.Yaml;

namespace Noded.Api.Services;

/// <summary>What a file has of Services and EndpointSlices, or every reason why it is refused; never both.</summary>
public sealed record ServiceManifest(
    ImmutableArray<V1Service> Services, ImmutableArray<V1EndpointSlice> Slices, ImmutableArray<ManifestError> Errors);

/// <summary>
/// A manifest file of Services and EndpointSlices for a node without an API server: YAML or JSON, one document each,
/// with the defaults that an API server would set.
/// </summary>
public static class ServiceManifestReader
{
    public static ServiceManifest Read(string file, ReadOnlySpan<byte> content)
    {
        ImmutableArray<V1Service>.Builder services = ImmutableArray.CreateBuilder<V1Service>();
        ImmutableArray<V1EndpointSlice>.Builder slices = ImmutableArray.CreateBuilder<V1EndpointSlice>();
        ImmutableArray<ManifestError> errors = ManifestDocuments.Read(
            file, content, (document, fields) => Read(document, services, slices, fields));
        return errors.IsEmpty
            ? new ServiceManifest(services.DrainToImmutable(), slices.DrainToImmutable(), [])
            : new ServiceManifest([], [], errors);
    }

    private static void Read(
        SourceDocument document,
        ImmutableArray<V1Service>.Builder services,
        ImmutableArray<V1EndpointSlice>.Builder slices,
        FieldErrors errors)
    {
        switch (ObjectKind.KindOf(document.Root))
        {
            case "EndpointSlice":
                V1EndpointSlice slice = Decode(
                    document, ServiceJsonContext.Default.V1EndpointSlice, ("discovery.k8s.io/v1", "EndpointSlice"));
                slice.Metadata = Named(slice.Metadata);
                ServiceValidator.Validate(slice, errors);
                slices.Add(slice);
                break;
            case "Service" or null:
                V1Service service = Decode(document, ServiceJsonContext.Default.V1Service, ("v1", "Service"));
                service.Metadata = Named(service.Metadata);
                ServiceDefaults.Apply(service);
                ServiceValidator.Validate(service, errors);
                services.Add(service);
                break;
            case string other:
                throw new ManifestException(new ManifestError(
                    document.File,
                    document.LineOf("kind"),
                    "kind",
                    $"Unsupported value: \"{other}\": supported values: \"EndpointSlice\", \"Service\""));
        }
    }

    private static T Decode<T>(SourceDocument document, JsonTypeInfo<T> type, (string ApiVersion, string Kind) expected)
        where T : class => ApiJson.Decode(document, document.Root, FieldPath.Empty, type, expected);

    private static V1ObjectMeta Named(V1ObjectMeta? metadata)
    {
        metadata ??= new V1ObjectMeta();
        metadata.NamespaceProperty ??= "default";
        return metadata;
    }
}
