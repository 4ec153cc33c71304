using System.Diagnostics;
using System.Globalization;
using Noded.Testing;

namespace Noded.Benchmarks.Proxy;

/// <summary>A node whose Services are kube-proxy's rules.</summary>
internal sealed class ProxyPeer(string name, string program, string[] arguments, Func<int, string> rules, ProxyNode node)
    : IAsyncDisposable
{
    private const int TimedOut = 124;
    private const int Killed = 128 + 9;

    internal string Name => name;

    internal ProxyNode Node => node;

    /// <summary>Seconds that the rules took to load; null when they are not there.</summary>
    internal double? LoadSeconds { get; private set; }

    /// <summary>Why they are not.</summary>
    internal string Reason { get; private set; } = "";

    internal static async Task<ProxyPeer> CreateNftablesAsync(CancellationToken cancellationToken) => new(
        "nft", "nft", ["-f"], KubeProxyRules.Nftables, await ProxyNode.CreateAsync(cancellationToken));

    internal static async Task<ProxyPeer> CreateIptablesAsync(CancellationToken cancellationToken) => new(
        "iptables", "iptables-legacy-restore", [], KubeProxyRules.Iptables, await ProxyNode.CreateAsync(cancellationToken));

    /// <summary>Replaces the rules by those of so many Services.</summary>
    internal async Task LoadAsync(int services, TimeSpan limit, CancellationToken cancellationToken)
    {
        string file = Path.Combine(node.Sandbox.Root, $"{name}.rules");
        await File.WriteAllTextAsync(file, rules(services), cancellationToken);
        long start = Stopwatch.GetTimestamp();
        string seconds = limit.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        ProgramResult result = await node.Sandbox.RunAsync(
            "timeout", ["-s", "KILL", seconds, program, .. arguments, file], cancellationToken);
        double took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        LoadSeconds = result.ExitCode == 0 ? took : null;
        Reason = result.ExitCode == 0
            ? ""
            : result.ExitCode is TimedOut or Killed
                ? string.Create(CultureInfo.InvariantCulture, $"the rules of {services} Services were not loaded after {limit.TotalSeconds} s")
                : $"{program} failed: {result.Error.Split('\n')[0].Replace(file, "rules", StringComparison.Ordinal)}";
    }

    public ValueTask DisposeAsync() => node.DisposeAsync();
}
