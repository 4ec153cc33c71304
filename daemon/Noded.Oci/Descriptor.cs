namespace Noded.Oci;

/// <summary>Points at a blob and says what it is (OCI image-spec, descriptor.md).</summary>
/// <param name="Size">The blob's length in bytes.</param>
public sealed record Descriptor(string MediaType, Digest Digest, long Size);
