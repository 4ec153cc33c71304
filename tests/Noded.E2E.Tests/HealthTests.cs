using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>What the health endpoints say of a node that lacks something.</summary>
[Trait("Category", "E2E")]
public sealed class HealthTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_RuntimeCannotBeStarted_NamesItAndItsFailure()
    {
        await using NodeSandbox sandbox = await CreateAsync();
        string broken = await WriteScriptAsync(sandbox, "echo broken");
        await using ChildProcess daemon = await StartAsync(sandbox, broken);
        await daemon.Output.WaitForLineAsync("containerd failed and is started again", Token);
        string failure = $"containerd: Run {broken} --version: there is no version in \"broken\".";

        Assert.Equal(("ok", 200), await FetchAsync(sandbox, "livez"));
        Assert.Equal((failure, 500), await FetchAsync(sandbox, "healthz"));
        Assert.Equal((failure + "\nruntime: not ready", 500), await FetchAsync(sandbox, "readyz"));
    }

    [Fact]
    public async Task Health_RuntimeRunsAndDoesNotAnswer_IsHealthyAndNotReady()
    {
        await using NodeSandbox sandbox = await CreateAsync();
        string mute = await WriteScriptAsync(
            sandbox, "[ \"$1\" = --version ] && echo 'containerd mute v1.6.20' || exec sleep 1000");
        await using ChildProcess daemon = await StartAsync(sandbox, mute);

        Assert.Equal(("ok", 200), await FetchAsync(sandbox, "livez"));
        Assert.Equal(("ok", 200), await FetchAsync(sandbox, "healthz"));
        Assert.Equal(("runtime: not ready", 500), await FetchAsync(sandbox, "readyz"));
    }

    [Fact]
    public async Task Health_AddressOfItsOwn_IsServedThereAlone()
    {
        await using TestNode node = await TestNode.CreateAsync("healthzBindAddress: 127.0.0.2", Token);

        Assert.Equal("ok", await node.FetchAsync("http://127.0.0.2:10248/healthz", Token));

        // curl's exit code for a connection that is refused.
        Assert.Equal(7, (await node.Sandbox.RunAsync("curl", ["--silent", "http://127.0.0.1:10248/healthz"], Token)).ExitCode);
    }

    private static async Task<NodeSandbox> CreateAsync()
    {
        Requires.Root();
        Requires.Program("curl");
        return await NodeSandbox.CreateAsync(Token);
    }

    /// <summary>A program that stands for containerd.</summary>
    private static async Task<string> WriteScriptAsync(NodeSandbox sandbox, string script)
    {
        string file = Path.Combine(sandbox.Root, "containerd");
        await File.WriteAllTextAsync(file, $"#!/bin/sh\n{script}\n", Token);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return file;
    }

    /// <summary>Returns once the daemon serves.</summary>
    private static async Task<ChildProcess> StartAsync(NodeSandbox sandbox, string containerd)
    {
        ChildProcess daemon = await sandbox.StartAsync(
            PublishedBinary.Path, ["run", "--root", sandbox.Root, "--node-name", "node1", "--containerd", containerd], Token);
        await daemon.Output.WaitForLineAsync("Listening on", Token);
        return daemon;
    }

    private static async Task<(string Text, int Status)> FetchAsync(NodeSandbox sandbox, string path)
    {
        string output = (await sandbox.RunAsync(
            "curl", ["--silent", "--write-out", "\n%{http_code}", $"http://127.0.0.1:10248/{path}"], Token)).OrThrow().Output;
        int end = output.LastIndexOf('\n');
        return (output[..end], int.Parse(output[(end + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }
}
