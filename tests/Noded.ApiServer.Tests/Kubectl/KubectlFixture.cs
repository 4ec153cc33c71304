using Noded.ApiServer.Hosting;
using Noded.ApiServer.Tests.Hosting;
using Noded.Testing;

namespace Noded.ApiServer.Tests.Kubectl;

/// <summary>Stock kubectl against an API server that all tests of a class share, each in a namespace of its own.</summary>
public class KubectlFixture : IAsyncLifetime
{
    private TestApiServer? _server;
    private string _kubeconfig = "";

    /// <summary>kubectl of Debian 13, which <c>make debian-packages</c> unpacks.</summary>
    internal static string Program => Path.Combine(RepositoryRoot.Find(), "artifacts", "debian", "usr", "bin", "kubectl");

    internal TestApiServer Server => _server!; // set before the first test

    public virtual async ValueTask InitializeAsync()
    {
        _server = await TestApiServer.StartAsync(Change, null, TestContext.Current.CancellationToken);
        _kubeconfig = _server.WriteKubeconfig("admin", "system:masters");
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>What of the server is not as usual.</summary>
    private protected virtual ApiServerOptions Change(ApiServerOptions options) => options;

    /// <summary>Runs kubectl and returns what it printed.</summary>
    internal async Task<string> RunAsync(params string[] arguments)
    {
        ProgramResult result = await TryAsync(arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}\n{result.Output}{result.Error}");
        return result.Output.TrimEnd();
    }

    /// <summary>Runs kubectl, which must fail, and returns what it complained of.</summary>
    internal async Task<string> FailAsync(params string[] arguments)
    {
        ProgramResult result = await TryAsync(arguments);
        Assert.NotEqual(0, result.ExitCode);
        return result.Error.TrimEnd();
    }

    /// <summary>Runs kubectl with a token instead of a certificate.</summary>
    internal async Task<string> TokenAsync(string token, params string[] arguments) =>
        (await WithTokenAsync(token, arguments)).OrThrow().Output.TrimEnd();

    /// <summary>Runs kubectl with a token that must be refused.</summary>
    internal async Task<string> TokenFailAsync(string token, params string[] arguments)
    {
        ProgramResult result = await WithTokenAsync(token, arguments);
        Assert.NotEqual(0, result.ExitCode);
        return result.Error;
    }

    /// <summary>Runs kubectl with an editor.</summary>
    internal async Task EditAsync(string editor, params string[] arguments)
    {
        string cache = Path.Combine(Server.Directory, "cache");
        ProgramResult result = await ChildProcess.RunAsync(
            "env",
            [$"KUBE_EDITOR={editor}", Program, "--kubeconfig", _kubeconfig, "--cache-dir", cache, .. arguments],
            TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}\n{result.Output}{result.Error}");
    }

    /// <summary>Starts kubectl, for what goes on until it is stopped.</summary>
    internal ChildProcess Start(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Program), "kubectl is not unpacked: make debian-packages");
        return ChildProcess.Start(
            Program, ["--kubeconfig", _kubeconfig, "--cache-dir", Path.Combine(Server.Directory, "cache"), .. arguments]);
    }

    internal async Task<ProgramResult> TryAsync(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Program), "kubectl is not unpacked: make debian-packages");
        string cache = Path.Combine(Server.Directory, "cache");
        return await ChildProcess.RunAsync(
            Program,
            ["--kubeconfig", _kubeconfig, "--cache-dir", cache, .. arguments],
            TestContext.Current.CancellationToken);
    }

    /// <summary>Makes a namespace and returns its name.</summary>
    internal async Task<string> NamespaceAsync()
    {
        string name = $"t-{Guid.NewGuid():N}"[..12];
        await RunAsync("create", "namespace", name);
        return name;
    }

    /// <summary>Writes a manifest and returns where it is.</summary>
    internal string Manifest(string text)
    {
        string path = Path.Combine(Server.Directory, $"{Guid.NewGuid():N}.yaml");
        File.WriteAllText(path, text);
        return path;
    }

    private Task<ProgramResult> WithTokenAsync(string token, string[] arguments) => ChildProcess.RunAsync(
        Program,
        [
            "--kubeconfig", Server.WriteEmptyKubeconfig(), "--token", token,
            "--cache-dir", Path.Combine(Server.Directory, "cache"), .. arguments,
        ],
        TestContext.Current.CancellationToken);
}
