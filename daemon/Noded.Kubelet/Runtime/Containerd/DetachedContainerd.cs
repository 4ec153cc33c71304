using Noded.Linux.Cgroups;
using Noded.Linux.Processes;
using Noded.Primitives;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>A containerd where no systemd runs: a process of its own session, cgroup and log file.</summary>
public sealed class DetachedContainerd(NodePaths paths, CgroupHierarchies hierarchies) : IContainerdHost
{
    private const int LogLimit = 10 * 1024 * 1024;

    public string Log => paths.ContainerdLog;

    public Task<int> StartAsync(ContainerdCommand command, CancellationToken cancellationToken)
    {
        if (File.Exists(paths.ContainerdLog) && new FileInfo(paths.ContainerdLog).Length > LogLimit)
        {
            File.Move(paths.ContainerdLog, paths.ContainerdLog + ".1", overwrite: true);
        }

        Dictionary<string, string> environment = new() { ["PATH"] = command.Path };
        return Task.FromResult(
            DetachedProcess.Start(command.Binary, [.. command.Arguments], environment, paths.ContainerdLog));
    }

    public void TakeIn(ProcessIdentity process)
    {
        Cgroup cgroup = new(hierarchies, paths.CgroupPrefix + "/containerd");
        cgroup.Create();
        cgroup.Attach(process.Pid);
    }
}
