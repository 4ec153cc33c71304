using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Noded.Linux.Cgroups;

namespace Noded.Testing;

/// <summary>
/// A machine that systemd runs, as PID 1 of a systemd-nspawn container inside a <see cref="NodeSandbox"/>: the files are
/// this machine's, what is written to them stays inside. Nothing starts by itself that a basic system does not need. It
/// dies with its sandbox. Needs root. Where <see cref="OwnVariable"/> says so, it is this machine itself.
/// </summary>
public sealed class SystemdMachine : IAsyncDisposable
{
    // The overlay's lower directory is the root file system alone: what is mounted on it does not show. What containerd
    // keeps in /var/lib cannot lie on an overlay, as it makes overlays of it.
    private const string Boot = """
        set -e
        root=$1 prefix=$2
        for hierarchy in /sys/fs/cgroup/*/; do echo $$ > "$hierarchy$prefix/cgroup.procs"; done
        mkdir "$root/machine"
        mount -t tmpfs tmpfs "$root/machine"
        mkdir "$root/machine/upper" "$root/machine/work" "$root/machine/root"
        mount -t overlay -o "lowerdir=/,upperdir=$root/machine/upper,workdir=$root/machine/work" overlay "$root/machine/root"
        rm -f "$root/machine/root/etc/machine-id"
        mount -t tmpfs tmpfs "$root/machine/root/var/lib"
        mkdir "$root/machine/root/var/lib/dbus" "$root/machine/root/var/lib/systemd"
        NOTIFY_SOCKET=$root/notify exec systemd-nspawn --quiet --directory="$root/machine/root" --machine="${root##*/}" \
            --register=no --keep-unit --private-network --capability=all --notify-ready=yes --console=pipe \
            --system-call-filter='@keyring bpf perf_event_open @mount' \
            --boot systemd.unit=basic.target systemd.mask=containerd.service systemd.mask=systemd-firstboot.service
        """;

    // The controllers of cgroup v1 come read-only, and nothing at all where BPF objects are pinned.
    private const string Prepare = """
        set -e
        mount -o remount,rw /sys
        mkdir -p /sys/fs/bpf
        mount -t bpf bpf /sys/fs/bpf
        for directory in /sys/fs/cgroup/*/; do
            name=$(basename "$directory")
            if [ "$name" != systemd ] && [ "$name" != unified ]; then
                umount "$directory"
                mount -t cgroup -o "$name" cgroup "$directory"
            fi
        done
        ip link set lo up
        """;

    /// <summary>Set on a machine that is there for tests alone and that systemd runs.</summary>
    private const string OwnVariable = "NODED_OWN_MACHINE";

    private readonly Container? _inside;

    private SystemdMachine(Container? inside) => _inside = inside;

    /// <summary>It is this machine itself, which stays as tests leave it.</summary>
    public bool IsOwn => _inside is null;

    private static bool UsesOwn => Environment.GetEnvironmentVariable(OwnVariable) is { Length: > 0 };

    /// <summary>Skips a test that has no way to such a machine.</summary>
    public static void Require()
    {
        Requires.Root();
        Requires.Program("systemctl");
        if (!UsesOwn)
        {
            Requires.Program("systemd-nspawn");
        }
    }

    /// <summary>Boots a machine; returns when its basic system is up.</summary>
    public static async Task<SystemdMachine> BootAsync(CancellationToken cancellationToken)
    {
        if (UsesOwn)
        {
            return new SystemdMachine(null);
        }

        NodeSandbox sandbox = await NodeSandbox.CreateAsync(cancellationToken);
        try
        {
            new Cgroup(CgroupHierarchies.Discover(), sandbox.CgroupPrefix).Create();
            using Socket notifications = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            notifications.Bind(new UnixDomainSocketEndPoint(Path.Combine(sandbox.Root, "notify")));
            ChildProcess container = await sandbox.StartAsync(
                "bash", ["-c", Boot, "boot", sandbox.Root, sandbox.CgroupPrefix], cancellationToken);
            string leader = await WaitUntilReadyAsync(notifications, container, cancellationToken);
            SystemdMachine machine = new(new Container(sandbox, container, leader));
            (await machine.RunAsync("sh", ["-c", Prepare], cancellationToken)).OrThrow();
            return machine;
        }
        catch
        {
            await sandbox.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a program on the machine to its end; when cancelled, kills it.</summary>
    public Task<ProgramResult> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken) => _inside is null
        ? ChildProcess.RunAsync(program, arguments, cancellationToken)
        : _inside.Sandbox.RunAsync(
            "nsenter", ["--target", _inside.Leader, "--all", "--wdns=/", program, .. arguments], cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_inside is not null)
        {
            await _inside.Sandbox.DisposeAsync();
            await _inside.Process.DisposeAsync();
        }
    }

    /// <summary>Waits for systemd's word; nspawn says before which process it is, as the sandbox counts.</summary>
    private static async Task<string> WaitUntilReadyAsync(
        Socket notifications, ChildProcess container, CancellationToken cancellationToken)
    {
        const string LeaderName = "X_NSPAWN_LEADER_PID=";
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task ended = container.WaitForExitAsync(either.Token);
        byte[] buffer = new byte[4096];
        string? leader = null;
        bool isReady = false;
        while (leader is null || !isReady)
        {
            Task<int> received = notifications.ReceiveAsync(buffer.AsMemory(), either.Token).AsTask();
            if (await Task.WhenAny(received, ended) == ended)
            {
                await either.CancelAsync();
                throw new IOException(
                    $"systemd-nspawn ended: {string.Join('\n', await container.Errors.ReadToEndAsync(cancellationToken))}");
            }

            string[] lines = Encoding.UTF8.GetString(buffer, 0, await received).Split('\n');
            leader = lines.FirstOrDefault(line => line.StartsWith(LeaderName, StringComparison.Ordinal))?[LeaderName.Length..] ?? leader;
            isReady |= lines.Contains("READY=1");
        }

        await either.CancelAsync();
        return int.Parse(leader, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
    }

    /// <param name="Process">systemd-nspawn.</param>
    /// <param name="Leader">Its PID 1 as the sandbox counts.</param>
    private sealed record Container(NodeSandbox Sandbox, ChildProcess Process, string Leader);
}
