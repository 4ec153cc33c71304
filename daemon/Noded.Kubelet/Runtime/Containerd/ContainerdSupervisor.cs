using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Noded.Linux.Cgroups;
using Noded.Linux.Events;
using Noded.Linux.Processes;
using Noded.Primitives;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>
/// Keeps our containerd running where no systemd does. It is a process of its own session, cgroup and log file: it
/// and its pods outlive this daemon, and the next daemon finds it by its pid file and adopts it.
/// </summary>
public sealed partial class ContainerdSupervisor(
    ContainerdConfig config,
    string binary,
    CgroupHierarchies hierarchies,
    FdReactor reactor,
    FlightRecorder flight,
    TimeProvider clock,
    ILogger<ContainerdSupervisor> logger)
{
    private const string Subject = "containerd";
    private const int LogLimit = 10 * 1024 * 1024;

    private readonly NodePaths _paths = config.Paths;
    private volatile bool _isRunning;

    public bool IsRunning => _isRunning;

    public static string CgroupOf(NodePaths paths) => paths.CgroupPrefix + "/containerd";

    /// <summary>Asks a binary for its version.</summary>
    /// <exception cref="IOException">It cannot be run, or is too old.</exception>
    public static async Task<ContainerdVersion> ReadVersionAsync(string binary, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(binary, ["--version"]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)
            ?? throw new IOException($"Run {binary} --version: no process was started.");
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);

        ContainerdVersion version = ContainerdVersion.Parse(output);
        return version.IsSupported
            ? version
            : throw new IOException($"{binary} is version {version}; noded needs {ContainerdVersion.Oldest} or later.");
    }

    /// <summary>Starts or adopts containerd, and starts it again whenever it ends.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Backoff backoff = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10), () => 0);
        while (true)
        {
            long startedAt = clock.GetTimestamp();
            try
            {
                await RunOnceAsync(cancellationToken);
            }
            catch (IOException e)
            {
                LogFailed(e);
                flight.Record(FlightEntryKind.Failed, Subject, e.Message);
            }
            finally
            {
                _isRunning = false;
            }

            if (clock.GetElapsedTime(startedAt) > TimeSpan.FromSeconds(10))
            {
                backoff.Reset();
            }

            await Task.Delay(backoff.Next(), clock, cancellationToken);
        }
    }

    private async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        ProcessIdentity? adopted = ProcessIdentity.TryReadAlive(_paths.ContainerdPid);
        int pid = adopted?.Pid ?? Start();
        using PidFd process = PidFd.Open(pid);
        flight.Record(FlightEntryKind.Acted, Subject, adopted is null ? $"started, pid {pid}" : $"adopted, pid {pid}");
        _isRunning = true;

        ExitStatus? exit = await process.WaitForExitAsync(reactor, cancellationToken);
        string how = exit?.ToString() ?? "not our child, exit status unknown";
        LogEnded(pid, how);
        flight.Record(FlightEntryKind.Observed, Subject, $"pid {pid} ended: {how}");
    }

    private int Start()
    {
        foreach (string directory in (string[])
            [_paths.State, _paths.Run, _paths.Logs, _paths.ContainerdRoot, _paths.ContainerdState, _paths.CniConfig])
        {
            Directory.CreateDirectory(directory);
        }

        File.WriteAllText(_paths.ContainerdConfig, config.ToToml());
        if (File.Exists(_paths.ContainerdLog) && new FileInfo(_paths.ContainerdLog).Length > LogLimit)
        {
            File.Move(_paths.ContainerdLog, _paths.ContainerdLog + ".1", overwrite: true);
        }

        // A socket left by an earlier process would look as if containerd were up.
        File.Delete(_paths.ContainerdSocket);
        Dictionary<string, string> environment = new()
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        };
        Cgroup cgroup = new(hierarchies, CgroupOf(_paths));
        cgroup.Create();
        int pid = DetachedProcess.Start(binary, ["--config", _paths.ContainerdConfig], environment, _paths.ContainerdLog);

        // Noted before anything else can fail: the next try adopts this process instead of starting a second one.
        ProcessIdentity identity = ProcessIdentity.TryRead(pid)
            ?? throw new IOException($"containerd ended as soon as it was started; see {_paths.ContainerdLog}.");
        identity.WriteTo(_paths.ContainerdPid);
        cgroup.Attach(pid);
        return pid;
    }

    [LoggerMessage(EventId = 1401, Level = LogLevel.Error, Message = "containerd could not be started")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(EventId = 1402, Level = LogLevel.Warning, Message = "containerd with pid {Pid} ended: {How}")]
    private partial void LogEnded(int pid, string how);
}
