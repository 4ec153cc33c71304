using System.Globalization;
using Noded.Testing;

namespace Noded.Benchmarks.Cni;

/// <summary>
/// A runtime in a sandbox that does nothing but start plugins and look at the clock: one shell, that needs less for it
/// than any other program.
/// </summary>
internal sealed class CniCaller : IAsyncDisposable
{
    private const string Script = """
        while read -r verb directory plugin pod config; do
            export CNI_COMMAND=$verb CNI_NETNS=/run/netns/$pod CNI_CONTAINERID=$pod CNI_IFNAME=eth0 CNI_PATH=$directory
            before=$EPOCHREALTIME
            "$directory/$plugin" < "$config" > "$config.out" 2>&1
            code=$?
            after=$EPOCHREALTIME
            echo "$code $before $after"
        done
        """;

    private readonly ChildProcess _shell;

    private CniCaller(ChildProcess shell) => _shell = shell;

    internal static async Task<CniCaller> StartAsync(NodeSandbox sandbox, CancellationToken cancellationToken) =>
        new(await sandbox.StartAsync("bash", ["-c", Script], cancellationToken));

    public ValueTask DisposeAsync() => _shell.DisposeAsync();

    /// <summary>Milliseconds from before the fork until the plugin has ended.</summary>
    /// <exception cref="IOException">The plugin refused; the message has its answer.</exception>
    internal async Task<double> CallAsync(string verb, CniPeer peer, CancellationToken cancellationToken)
    {
        await _shell.WriteLineAsync($"{verb} {peer.PluginDirectory} bridge {peer.Pod} {peer.ConfigPath}", cancellationToken);
        string line = await _shell.Output.ReadAsync(cancellationToken);
        string[] words = line.Split(' ');

        if (words[0] != "0")
        {
            string answer = await File.ReadAllTextAsync($"{peer.ConfigPath}.out", cancellationToken);
            throw new IOException($"{verb} of {peer.PluginDirectory}/bridge failed with {words[0]}: {answer}");
        }

        return 1000 * (double)(Seconds(words[2]) - Seconds(words[1]));
    }

    private static decimal Seconds(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
}
