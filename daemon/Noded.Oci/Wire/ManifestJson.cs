namespace Noded.Oci.Wire;

/// <summary>The manifest that ties a config and layers together.</summary>
internal static class ManifestJson
{
    public static byte[] Write(Descriptor config, IEnumerable<Descriptor> layers) => WireJson.Write(
        new ManifestDocument
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.Manifest,
            Config = Describe(config),
            Layers = [.. layers.Select(Describe)],
        },
        WireJson.Manifest);

    public static DescriptorDocument Describe(Descriptor descriptor) => new()
    {
        MediaType = descriptor.MediaType,
        Digest = descriptor.Digest.ToString(),
        Size = descriptor.Size,
    };
}
