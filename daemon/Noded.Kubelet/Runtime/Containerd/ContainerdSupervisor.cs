using System.ComponentModel;
using System.Diagnostics;
using Noded.Linux.Events;
using Noded.Linux.Processes;
using Noded.Primitives;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>
/// Keeps our containerd running. It and its pods outlive this daemon, and the next daemon finds it by its pid file, or
/// else by its arguments, and adopts it.
/// </summary>
/// <param name="configure">The configuration for the version that is going to run.</param>
public sealed class ContainerdSupervisor(
    NodePaths paths,
    string binary,
    Func<ContainerdVersion, ContainerdConfig> configure,
    IContainerdHost host,
    FdReactor reactor,
    FlightRecorder flight)
{
    private const string Subject = "containerd";
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The containerd of this node that runs now; null when there is none.</summary>
    public static ProcessIdentity? TryFindRunning(NodePaths paths) =>
        ProcessIdentity.TryReadAlive(paths.ContainerdPid)
        ?? ProcessSearch.TryFind([.. ContainerdCommand.ArgumentsOf(paths)]);

    /// <summary>Asks a binary for its version.</summary>
    /// <exception cref="IOException">It cannot be run, or is too old.</exception>
    public static async Task<ContainerdVersion> ReadVersionAsync(string binary, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(binary, ["--version"]) { RedirectStandardOutput = true };
        ContainerdVersion version;
        try
        {
            using Process process = Process.Start(start)
                ?? throw new IOException($"Run {binary} --version: no process was started.");
            string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            version = ContainerdVersion.Parse(output);
        }
        catch (Exception e) when (e is Win32Exception or FormatException)
        {
            throw new IOException($"Run {binary} --version: {e.Message}", e);
        }

        return version.IsSupported
            ? version
            : throw new IOException($"{binary} is version {version}; noded needs {ContainerdVersion.Oldest} or later.");
    }

    /// <summary>Starts or adopts containerd, and stays until it ends.</summary>
    /// <exception cref="IOException">It could not be started, or has ended; the message says how.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        ProcessIdentity? adopted = TryFindRunning(paths);
        if (adopted is { } found && ProcessIdentity.TryReadAlive(paths.ContainerdPid) is null)
        {
            // A daemon died between starting it and taking it in, or systemd has started it again.
            TakeIn(found);
        }

        int pid = adopted?.Pid ?? await StartAsync(cancellationToken);
        using PidFd process = PidFd.Open(pid);
        flight.Record(FlightEntryKind.Acted, Subject, adopted is null ? $"started, pid {pid}" : $"adopted, pid {pid}");

        ExitStatus? exit = await process.WaitForExitAsync(reactor, cancellationToken);
        throw new IOException(
            $"containerd with pid {pid} ended: {exit?.ToString() ?? "not our child, exit status unknown"}; see {host.Log}.");
    }

    private async Task<int> StartAsync(CancellationToken cancellationToken)
    {
        // Only now: an adopted containerd has its configuration, and asking costs a start of the binary.
        ContainerdConfig config = configure(await ReadVersionAsync(binary, cancellationToken));
        foreach (string directory in (string[])
            [paths.State, paths.Run, paths.Logs, paths.ContainerdRoot, paths.ContainerdState, paths.CniConfig])
        {
            Directory.CreateDirectory(directory);
        }

        await File.WriteAllTextAsync(paths.ContainerdConfig, config.ToToml(), cancellationToken);

        // A socket left by an earlier process would look as if containerd were up.
        File.Delete(paths.ContainerdSocket);

        // Its own shim before one of another version.
        string path = $"{Path.GetDirectoryName(binary)}:{Environment.GetEnvironmentVariable("PATH") ?? DefaultPath}";
        int pid = await host.StartAsync(
            new ContainerdCommand(binary, ContainerdCommand.ArgumentsOf(paths), path), cancellationToken);

        // From here on the next try finds this process by its arguments, whatever becomes of us.
        TakeIn(ProcessIdentity.TryRead(pid)
            ?? throw new IOException($"containerd ended as soon as it was started; see {host.Log}."));
        return pid;
    }

    /// <summary>Gives a containerd its cgroup, and then its pid file: who finds the file finds both.</summary>
    private void TakeIn(ProcessIdentity process)
    {
        host.TakeIn(process);
        process.WriteTo(paths.ContainerdPid);
    }
}
