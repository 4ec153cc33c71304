using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Noded.Kubelet.Pods;

/// <summary>The labels that a node has by itself (kubernetes.io, well-known labels), the older names included.</summary>
internal static class NodeLabels
{
    internal static ImmutableDictionary<string, string> OfMachine(string nodeName)
    {
        string architecture = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "amd64",
            Architecture.Arm64 => "arm64",
            var other => other.ToString().ToLowerInvariant(),
        };
        return ImmutableDictionary.CreateRange(
        [
            KeyValuePair.Create("kubernetes.io/hostname", nodeName),
            KeyValuePair.Create("kubernetes.io/os", "linux"),
            KeyValuePair.Create("kubernetes.io/arch", architecture),
            KeyValuePair.Create("beta.kubernetes.io/os", "linux"),
            KeyValuePair.Create("beta.kubernetes.io/arch", architecture),
        ]);
    }
}
