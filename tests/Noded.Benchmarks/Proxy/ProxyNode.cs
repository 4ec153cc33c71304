using System.Globalization;
using Noded.Testing;

namespace Noded.Benchmarks.Proxy;

/// <summary>A sandbox that has every address of an endpoint, with a server and a client on processors of their own.</summary>
internal sealed class ProxyNode : IAsyncDisposable
{
    private const string CgroupRoot = "/sys/fs/cgroup/unified";
    private const string ServerCpu = "0";
    private const string ClientCpu = "1";

    private readonly ChildProcess _server;
    private readonly ChildProcess _client;

    private ProxyNode(NodeSandbox sandbox, ChildProcess server, ChildProcess client) =>
        (Sandbox, _server, _client) = (sandbox, server, client);

    internal NodeSandbox Sandbox { get; }

    /// <summary>Where the client is; nothing is attached there at first.</summary>
    internal string Cgroup => CgroupOf(Sandbox);

    internal static async Task<ProxyNode> CreateAsync(CancellationToken cancellationToken)
    {
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(cancellationToken);
        // The client must not look beyond lo for a Service, and an endpoint is at home here.
        string[][] routes =
        [
            ["route", "add", "local", BenchmarkServices.BackendRange, "dev", "lo"],
            ["route", "add", BenchmarkServices.ServiceRange, "dev", "lo", "src", BenchmarkServices.ClientAddress],
        ];
        foreach (string[] route in routes)
        {
            (await sandbox.RunAsync("ip", route, cancellationToken)).OrThrow();
        }

        Directory.CreateDirectory(CgroupOf(sandbox));
        ChildProcess server = await StartAsync(sandbox, ServerCpu, CgroupRoot, "proxy-server", cancellationToken);
        await server.Output.WaitForLineAsync("ready", cancellationToken);
        return new ProxyNode(
            sandbox, server, await StartAsync(sandbox, ClientCpu, CgroupOf(sandbox), "proxy-agent", cancellationToken));
    }

    internal async Task<double[]> AskAsync(string command, CancellationToken cancellationToken)
    {
        string answer = await AskAsync(_client, command, cancellationToken);
        return answer == "ok" ? [] : [.. answer.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
    }

    internal static async Task<string> AskAsync(ChildProcess agent, string command, CancellationToken cancellationToken)
    {
        await agent.WriteLineAsync(command, cancellationToken);
        return await agent.Output.ReadOrEndAsync(cancellationToken)
            ?? throw new IOException(
                $"the agent ended at '{command}': {string.Join('\n', await agent.Errors.ReadToEndAsync(cancellationToken))}");
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
        await Sandbox.DisposeAsync();
    }

    private static string CgroupOf(NodeSandbox sandbox) => Path.Combine(CgroupRoot, sandbox.CgroupPrefix);

    private static Task<ChildProcess> StartAsync(
        NodeSandbox sandbox, string cpu, string cgroup, string verb, CancellationToken cancellationToken) =>
        sandbox.StartAsync(
            "sh",
            ["-c", $"echo $$ > {cgroup}/cgroup.procs; exec env DOTNET_TieredCompilation=0 taskset -c {cpu} '{Environment.ProcessPath}' {verb}"],
            cancellationToken);
}
