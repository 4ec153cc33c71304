namespace Noded.Oci;

/// <summary>The annotations of an index that name its images.</summary>
internal static class ImageAnnotations
{
    /// <summary>OCI image-spec, annotations.md; tools put a tag or a full name here.</summary>
    public const string RefName = "org.opencontainers.image.ref.name";

    /// <summary>containerd's: always the full name.</summary>
    public const string ContainerdName = "io.containerd.image.name";
}
