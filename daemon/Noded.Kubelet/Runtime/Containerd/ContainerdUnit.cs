using Noded.Linux.Processes;
using Noded.Linux.Systemd;
using Noded.Primitives;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>
/// A containerd that systemd runs as a service of its own beside the daemon's: it is started again when it ends, stops
/// with the machine, and stays when the daemon's service stops. Its log is the journal.
/// </summary>
public sealed class ContainerdUnit(NodePaths paths, TimeProvider clock) : IContainerdHost
{
    // As containerd's own unit has it: pods go before their runtime does.
    private const int OomScoreAdjust = -999;

    public string Log => $"journalctl -u {NameOf(paths)}";

    /// <summary>The unit's name: each node of a machine has one.</summary>
    public static string NameOf(NodePaths paths) => $"{paths.CgroupPrefix}-containerd.service";

    /// <summary>Stops it, if it runs, and removes it.</summary>
    public static void Stop(NodePaths paths, TimeProvider clock)
    {
        using SystemdBus systemd = SystemdBus.Open(clock);
        systemd.Stop(NameOf(paths));
    }

    public Task<int> StartAsync(ContainerdCommand command, CancellationToken cancellationToken) =>
        Task.Run(() => Start(command), cancellationToken);

    /// <summary>Nothing: systemd has done everything.</summary>
    public void TakeIn(ProcessIdentity process)
    {
    }

    private int Start(ContainerdCommand command)
    {
        string unit = NameOf(paths);
        using SystemdBus systemd = SystemdBus.Open(clock);
        systemd.Start(new TransientService(
            unit, $"containerd of the node in {paths.Root}", [command.Binary, .. command.Arguments])
        {
            Environment = [$"PATH={command.Path}"],
            OomScoreAdjust = Capabilities.Has(Capabilities.SysResource) ? OomScoreAdjust : 0,
            Notifies = true,
        });
        return systemd.FindMainPid(unit)
            ?? throw new IOException($"start {unit}: it ended at once; see {Log}.");
    }
}
