using System.Collections.Immutable;
using System.Text.Json;
using Noded.Primitives;

namespace Noded.Network;

/// <summary>The network of a node's pods as a CNI network configuration list, which the runtime reads.</summary>
/// <remarks>https://www.cni.dev/docs/spec/#section-1-network-configuration-format</remarks>
internal static class CniConfigList
{
    /// <summary>Runtimes take the first file of the directory.</summary>
    internal const string FileName = "10-noded.conflist";

    // containerd 1.6 knows no later one.
    private const string Version = "1.0.0";

    /// <summary>The bytes of the file: a bridge of the machine, host-local addresses, masquerade, host ports.</summary>
    internal static byte[] Write(NodePaths paths, ImmutableArray<IPPrefix> podCidrs)
    {
        using MemoryStream document = new();

        using (Utf8JsonWriter json = new(document, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("cniVersion", Version);
            json.WriteString("name", paths.Instance);
            json.WriteStartArray("plugins");
            WritePodNetwork(json, paths, podCidrs);
            WritePortMap(json);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        document.WriteByte((byte)'\n');
        return document.ToArray();
    }

    private static void WritePodNetwork(Utf8JsonWriter json, NodePaths paths, ImmutableArray<IPPrefix> podCidrs)
    {
        json.WriteStartObject();
        json.WriteString("type", "pod-network");
        json.WriteStartObject("capabilities");
        json.WriteBoolean("io.kubernetes.cri.pod-annotations", true);
        json.WriteEndObject();
        json.WriteStartObject("delegate");
        json.WriteString("type", "bridge");
        json.WriteString("bridge", BridgeOf(paths));
        json.WriteBoolean("isDefaultGateway", true);
        json.WriteBoolean("forceAddress", true);
        json.WriteBoolean("hairpinMode", true);
        json.WriteBoolean("ipMasq", true);
        WriteIpam(json, paths, podCidrs);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteIpam(Utf8JsonWriter json, NodePaths paths, ImmutableArray<IPPrefix> podCidrs)
    {
        json.WriteStartObject("ipam");
        json.WriteString("type", "host-local");
        json.WriteString("dataDir", paths.CniNetworks);
        json.WriteStartArray("ranges");

        foreach (IPPrefix cidr in podCidrs)
        {
            json.WriteStartArray();
            json.WriteStartObject();
            json.WriteString("subnet", cidr.ToString());
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePortMap(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "portmap");
        json.WriteStartObject("capabilities");
        json.WriteBoolean("portMappings", true);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The bridge's name; at most 15 characters, as the kernel allows.</summary>
    internal static string BridgeOf(NodePaths paths) => paths.Root == "/" ? "noded0" : paths.Instance;
}
