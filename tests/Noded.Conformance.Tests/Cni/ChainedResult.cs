using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

/// <summary>What the plugins before one in a chain would have returned.</summary>
internal static class ChainedResult
{
    internal static JsonObject Create(string version, string hostLink, string mac, CniAttachment pod)
    {
        JsonObject address = new() { ["address"] = "10.1.2.2/24", ["gateway"] = "10.1.2.1", ["interface"] = 1 };

        if (version[0] == '0')
        {
            address["version"] = "4";
        }

        return new JsonObject
        {
            ["cniVersion"] = version,
            ["interfaces"] = new JsonArray(
                new JsonObject { ["name"] = hostLink },
                new JsonObject { ["name"] = pod.InterfaceName, ["mac"] = mac, ["sandbox"] = pod.NetworkNamespace }),
            ["ips"] = new JsonArray(address),
            ["dns"] = new JsonObject(),
        };
    }
}
