using Grpc.Net.Client;
using Noded.Kubelet.Images;
using Noded.Kubelet.Runtime;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Images;

/// <summary>A containerd in a sandbox of its own, gone with everything it made when disposed.</summary>
internal sealed class ContainerdInstance : IAsyncDisposable
{
    private readonly NodeSandbox _sandbox;
    private readonly ChildProcess _process;

    private ContainerdInstance(NodeSandbox sandbox, ChildProcess process)
    {
        (_sandbox, _process) = (sandbox, process);
        Channel = UnixSocketChannel.Open(sandbox.Paths.ContainerdSocket);
    }

    public GrpcChannel Channel { get; }

    /// <summary>A directory that is removed with the instance; the machine sees it under the same path.</summary>
    public string Directory => _sandbox.Root;

    /// <summary>What the cgroups of containers have to start with, without a leading slash.</summary>
    public string CgroupPrefix => _sandbox.CgroupPrefix;

    /// <summary>Starts one, or skips the test that cannot have one here.</summary>
    public static async Task<ContainerdInstance> StartAsync(CancellationToken cancellationToken)
    {
        Requires.Root();
        Requires.Program("unshare", "nsenter", "containerd", "ctr", "runc");
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(cancellationToken);
        try
        {
            string config = Path.Combine(sandbox.Root, "config.toml");
            await File.WriteAllTextAsync(config, Configure(sandbox), cancellationToken);
            ChildProcess process = await sandbox.StartAsync("containerd", ["--config", config], cancellationToken);
            await process.Errors.WaitForLineAsync("containerd successfully booted", cancellationToken);
            return new ContainerdInstance(sandbox, process);
        }
        catch
        {
            await sandbox.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs ctr in the namespace of CRI.</summary>
    public Task<ProgramResult> CtrAsync(CancellationToken cancellationToken, params string[] arguments) =>
        _sandbox.RunAsync(
            "ctr", ["--address", _sandbox.Paths.ContainerdSocket, "--namespace", "k8s.io", .. arguments], cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _process.DisposeAsync();
        await _sandbox.DisposeAsync();
    }

    private static string Configure(NodeSandbox sandbox) => $"""
        version = 2
        root = "{sandbox.Paths.ContainerdRoot}"
        state = "{sandbox.Paths.ContainerdState}"
        disabled_plugins = ["io.containerd.internal.v1.opt"]

        [grpc]
          address = "{sandbox.Paths.ContainerdSocket}"

        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "{BuiltInImages.PauseReference}"
          stream_server_address = "127.0.0.1"
          restrict_oom_score_adj = true

        [plugins."io.containerd.grpc.v1.cri".cni]
          bin_dir = "{sandbox.Paths.CniBinaries}"
          conf_dir = "{sandbox.Paths.CniConfig}"
        """;
}
