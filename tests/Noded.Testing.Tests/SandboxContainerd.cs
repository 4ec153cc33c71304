namespace Noded.Testing.Tests;

/// <summary>A containerd with the machine's own binaries, living in a sandbox.</summary>
internal sealed class SandboxContainerd(NodeSandbox sandbox, ChildProcess process)
{
    public string Socket => sandbox.Paths.ContainerdSocket;

    public ChildProcess Process => process;

    /// <summary>Starts it and returns when it serves; it dies with the sandbox.</summary>
    public static async Task<SandboxContainerd> StartAsync(NodeSandbox sandbox, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(sandbox.Paths.State);
        await File.WriteAllTextAsync(sandbox.Paths.ContainerdConfig, Config(sandbox), cancellationToken);
        ChildProcess process = await sandbox.StartAsync(
            "containerd", ["--config", sandbox.Paths.ContainerdConfig], cancellationToken);
        await process.Errors.WaitForLineAsync("containerd successfully booted", cancellationToken);
        return new SandboxContainerd(sandbox, process);
    }

    // Without CAP_SYS_RESOURCE a container's oom_score_adj cannot be lowered; the opt plugin would make
    // /opt/containerd.
    private static string Config(NodeSandbox sandbox) => $"""
        version = 2
        root = "{sandbox.Paths.ContainerdRoot}"
        state = "{sandbox.Paths.ContainerdState}"
        disabled_plugins = ["io.containerd.internal.v1.opt"]
        [grpc]
        address = "{sandbox.Paths.ContainerdSocket}"
        [plugins."io.containerd.grpc.v1.cri"]
        restrict_oom_score_adj = true
        [plugins."io.containerd.grpc.v1.cri".cni]
        bin_dir = "{sandbox.Paths.CniBinaries}"
        conf_dir = "{sandbox.Paths.CniConfig}"
        """;
}
