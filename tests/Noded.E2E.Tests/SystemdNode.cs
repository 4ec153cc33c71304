using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>The published binary as a service of a machine that systemd runs, with the test image imported.</summary>
internal sealed class SystemdNode : IAsyncDisposable
{
    private readonly SystemdMachine _machine;

    private SystemdNode(SystemdMachine machine) => _machine = machine;

    internal static string Binary => PublishedBinary.Path;

    internal static string ImageArchive => Path.Combine(RepositoryRoot.Find(), "artifacts/images/testimage.tar");

    /// <param name="settings">Fields of the node's KubeletConfiguration; null for no such file.</param>
    internal static async Task<SystemdNode> CreateAsync(string? settings, CancellationToken cancellationToken)
    {
        SystemdMachine.Require();
        Requires.Program("containerd", "runc", "curl");
        SystemdNode node = new(await SystemdMachine.BootAsync(cancellationToken));
        try
        {
            if (settings is not null)
            {
                await node.WriteAsync(
                    "/etc/noded/config.yaml",
                    $"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n{settings}",
                    cancellationToken);
            }

            await node.StartDaemonAsync(cancellationToken);
            await node.ShellAsync($"until '{Binary}' images import '{ImageArchive}'; do sleep 0.1; done", cancellationToken);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the daemon until it serves; systemd may take a moment to forget one that was stopped before.</summary>
    internal Task StartDaemonAsync(CancellationToken cancellationToken) => ShellAsync(
        $"until systemd-run --quiet --collect --unit=noded --service-type=notify '{Binary}' run --node-name node1; do sleep 0.1; done",
        cancellationToken);

    internal Task WaitIdleAsync(CancellationToken cancellationToken) =>
        ShellAsync($"until '{Binary}' wait-idle; do sleep 0.1; done", cancellationToken);

    /// <summary>Puts a manifest into place in one step.</summary>
    internal async Task PlaceAsync(string name, string manifest, CancellationToken cancellationToken)
    {
        const string Directory = "/etc/kubernetes/manifests";
        await WriteAsync($"{Directory}/.{name}", manifest, cancellationToken);
        await ShellAsync($"mv {Directory}/.{name} {Directory}/{name}", cancellationToken);
    }

    internal Task RemoveAsync(string name, CancellationToken cancellationToken) =>
        ShellAsync($"rm /etc/kubernetes/manifests/{name}", cancellationToken);

    /// <summary>A page of a pod; when it does not come, what the node says of itself.</summary>
    internal Task<string> FetchAsync(string url, CancellationToken cancellationToken) => ShellAsync(
        $"curl --silent --fail --retry 100 --retry-delay 0 --retry-max-time 60 --retry-all-errors {url} "
        + $"|| {{ '{Binary}' status >&2; '{Binary}' events >&2; journalctl --no-pager -n 50 >&2; false; }}",
        cancellationToken);

    /// <summary>A property of a unit as systemd has it now.</summary>
    internal Task<string> ShowAsync(string unit, string property, CancellationToken cancellationToken) =>
        ShellAsync($"systemctl show --value -p {property} {unit}", cancellationToken);

    /// <summary>What a command has to say on the machine.</summary>
    internal async Task<string> ShellAsync(string command, CancellationToken cancellationToken) =>
        (await TryShellAsync(command, cancellationToken)).OrThrow().Output.TrimEnd('\n');

    internal Task<ProgramResult> TryShellAsync(string command, CancellationToken cancellationToken) =>
        _machine.RunAsync("sh", ["-c", command], cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_machine.IsOwn)
        {
            // The next test finds a machine without a node, even after a cancelled one.
            using CancellationTokenSource limit = new(TimeSpan.FromMinutes(3), TimeProvider.System);
            await ShellAsync($"systemctl stop noded; '{Binary}' reset && rm -rf /etc/noded /etc/kubernetes", limit.Token);
        }

        await _machine.DisposeAsync();
    }

    private Task<string> WriteAsync(string path, string text, CancellationToken cancellationToken) =>
        ShellAsync($"mkdir -p {Path.GetDirectoryName(path)}; cat > {path} <<'END'\n{text}\nEND", cancellationToken);
}
