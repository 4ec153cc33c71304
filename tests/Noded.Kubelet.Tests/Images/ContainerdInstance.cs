using Grpc.Net.Client;
using Noded.Kubelet.Runtime;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Images;

/// <summary>A containerd with its own root, state and socket, gone without a trace when disposed.</summary>
internal sealed class ContainerdInstance : IAsyncDisposable
{
    private const int SigTerm = 15;

    private readonly DirectoryInfo _directory;
    private readonly ChildProcess _process;

    private ContainerdInstance(DirectoryInfo directory, ChildProcess process)
    {
        (_directory, _process) = (directory, process);
        Channel = UnixSocketChannel.Open(Socket);
    }

    public GrpcChannel Channel { get; }

    /// <summary>A directory that is removed with the instance.</summary>
    public string Directory => _directory.FullName;

    private string Socket => Path.Combine(Directory, "c.sock");

    /// <summary>Starts one, or skips the test that cannot have one here.</summary>
    public static async Task<ContainerdInstance> StartAsync(CancellationToken cancellationToken)
    {
        Requires.Root();
        Requires.Program("containerd", "ctr", "runc");

        // Short: a socket's path has 107 bytes.
        DirectoryInfo directory = System.IO.Directory.CreateTempSubdirectory("nd-");
        string config = Path.Combine(directory.FullName, "config.toml");
        await File.WriteAllTextAsync(config, Configure(directory.FullName), cancellationToken);

        ContainerdInstance instance = new(directory, ChildProcess.Start("containerd", "--config", config));

        try
        {
            await instance._process.Errors.WaitForLineAsync("containerd successfully booted", cancellationToken);
            return instance;
        }
        catch
        {
            await instance.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs ctr in the namespace of CRI.</summary>
    public Task<ProgramResult> CtrAsync(CancellationToken cancellationToken, params string[] arguments) =>
        ChildProcess.RunAsync("ctr", ["--address", Socket, "--namespace", "k8s.io", .. arguments], cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();

        if (!_process.HasExited)
        {
            // By request, so that it unmounts what it mounted; the fresh token because a test's may be over.
            await _process.SignalAsync(SigTerm, CancellationToken.None);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        await _process.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private static string Configure(string directory) => $"""
        version = 2
        root = "{directory}/root"
        state = "{directory}/state"

        [grpc]
          address = "{directory}/c.sock"

        [plugins."io.containerd.internal.v1.opt"]
          path = "{directory}/opt"

        [plugins."io.containerd.grpc.v1.cri"]
          stream_server_address = "127.0.0.1"
          restrict_oom_score_adj = true

        [plugins."io.containerd.grpc.v1.cri".cni]
          bin_dir = "{directory}/cni"
          conf_dir = "{directory}/cni"
        """;
}
