using System.Collections.Immutable;
using Noded.Oci.Wire;

namespace Noded.Oci.Archives;

/// <summary>What an archive's reader needs of an image's config.</summary>
internal static class ConfigReader
{
    /// <exception cref="ImageFormatException">It names no platform, or not one diff id per layer.</exception>
    public static (Platform Platform, ImmutableArray<Digest> DiffIds) Read(
        MemberReader reader,
        string name,
        byte[] json,
        int layerCount)
    {
        ConfigDocument config = reader.Parse(name, json, WireJson.Config);
        if (config is not { Os: string os, Architecture: string architecture, Rootfs.DiffIds: List<string> ids })
        {
            throw reader.Complain(name, "needs os, architecture and rootfs.diff_ids");
        }

        if (ids.Count != layerCount)
        {
            throw reader.Complain(name, $"has {ids.Count} diff_ids for {layerCount} layers");
        }

        return (new Platform(os, architecture), [.. ids.Select(Parse)]);

        Digest Parse(string id) =>
            Digest.TryParse(id, out Digest digest) ? digest : throw reader.Complain(name, $"'{id}' is no sha256 digest");
    }
}
