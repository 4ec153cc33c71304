using Noded.Testing;

namespace Noded.Benchmarks.Cni;

/// <summary>Somebody's bridge plugin with a network, a bridge and a pod of its own.</summary>
internal sealed record CniPeer(string PluginDirectory, string Pod, string ConfigPath)
{
    /// <summary>A pod that is there all the time: the first and the last of a node are not what one waits for.</summary>
    internal CniPeer Neighbour => this with { Pod = $"{Pod}-neighbour" };

    internal static async Task<CniPeer> CreateAsync(
        NodeSandbox sandbox, string pluginDirectory, int number, bool masquerade, CancellationToken cancellationToken)
    {
        string pod = $"pod{number}";
        string config = Path.Combine(sandbox.Root, $"{pod}.conf");
        await File.WriteAllTextAsync(
            config,
            $$$"""
            {"cniVersion": "1.0.0", "name": "net{{{number}}}", "type": "bridge", "bridge": "{{{BridgeOf(number)}}}",
             "isDefaultGateway": true, "ipMasq": {{{(masquerade ? "true" : "false")}}},
             "ipam": {"type": "host-local", "dataDir": "{{{sandbox.Root}}}/leases", "subnet": "10.1.{{{number}}}.0/24"}}
            """,
            cancellationToken);
        CniPeer peer = new(pluginDirectory, pod, config);
        (await sandbox.RunAsync("ip", ["netns", "add", peer.Pod], cancellationToken)).OrThrow();
        (await sandbox.RunAsync("ip", ["netns", "add", peer.Neighbour.Pod], cancellationToken)).OrThrow();
        return peer;
    }

    internal static string BridgeOf(int number) => $"br{number}";
}
