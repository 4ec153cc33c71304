using Grpc.Net.Client;
using Noded.Dns;
using Noded.Kubelet;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Runtime.Containerd;
using Noded.Linux.Cgroups;
using Noded.Linux.Events;
using Noded.Linux.Files;
using Noded.Linux.Mounts;
using Noded.Linux.Processes;
using Noded.Linux.Systemd;
using Noded.Network;
using Noded.Primitives;
using Noded.ServiceProxy;
using Prometheus;

namespace Noded.Composition;

/// <summary>
/// Takes a node off the machine: daemon, pods, containerd, mounts, cgroups, files, in that order. Every step repeats
/// safely, so a reset that was broken off is finished by the next one.
/// </summary>
internal static class NodeReset
{
    private const int Sigterm = 15;
    private const int Sigkill = 9;

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);

    internal static async Task RunAsync(
        NodePaths paths, bool keepManifests, TextWriter output, CancellationToken cancellationToken)
    {
        using FdReactor reactor = new();
        await StopAsync("noded", ProcessIdentity.TryReadAlive(paths.DaemonPid), reactor, output, cancellationToken);
        await StopPodsAsync(paths, output, cancellationToken);
        if (SystemdBus.IsRunning)
        {
            // By its process alone it would be started again.
            ContainerdUnit.Stop(paths, TimeProvider.System);
        }

        await StopAsync("containerd", ContainerdSupervisor.TryFindRunning(paths), reactor, output, cancellationToken);
        await KillLeftoversAsync(paths, reactor, output, cancellationToken);
        ServiceProxyComponent.Remove(paths.BpfPins);
        if (File.Exists(paths.BpfMountMarker))
        {
            BpfFileSystem.UnmountIfEmpty();
        }

        DnsComponent.Remove(paths.DnsAddresses);
        NodeNetwork.Remove(paths, NodeComposition.CniLinksOf(paths));
        RemoveMounts(paths, output);
        NodeCgroups.Remove(paths, TimeProvider.System);
        RemoveCgroups(paths);
        RemoveFiles(paths, keepManifests, output);
    }

    private static async Task StopAsync(
        string what, ProcessIdentity? running, FdReactor reactor, TextWriter output, CancellationToken cancellationToken)
    {
        if (running is { } process)
        {
            await output.WriteLineAsync($"stopping {what}, pid {process.Pid}");
            await EndAsync(process.Pid, Sigterm, reactor, cancellationToken);
        }
    }

    /// <summary>Sends a signal and waits for the end; what does not end in time is killed.</summary>
    private static async Task EndAsync(int pid, int signal, FdReactor reactor, CancellationToken cancellationToken)
    {
        using PidFd process = PidFd.Open(pid);
        process.Signal(signal);
        using CancellationTokenSource limit = new(StopPatience, TimeProvider.System);
        using CancellationTokenSource either =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await process.WaitForExitAsync(reactor, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Signal(Sigkill);
            await process.WaitForExitAsync(reactor, cancellationToken);
        }
    }

    private static async Task StopPodsAsync(NodePaths paths, TextWriter output, CancellationToken cancellationToken)
    {
        if (ContainerdSupervisor.TryFindRunning(paths) is null)
        {
            return;
        }

        using GrpcChannel channel = UnixSocketChannel.Open(paths.ContainerdSocket);
        RuntimeService runtime = new(
            channel.CreateCallInvoker(), new KubeletMetrics(Metrics.NewCustomRegistry()).Runtime, TimeProvider.System);
        foreach (PodSandbox sandbox in await runtime.ListPodSandboxesAsync(null, cancellationToken))
        {
            await output.WriteLineAsync($"removing pod {sandbox.PodName}");
            await runtime.StopPodSandboxAsync(sandbox.Id, cancellationToken);
            await runtime.RemovePodSandboxAsync(sandbox.Id, cancellationToken);
            RemoveTree(KubeletComponent.LogDirectory(paths, sandbox.Pod, sandbox.PodName));
        }
    }

    /// <summary>Shims and containers of a containerd that could not be asked any more.</summary>
    private static async Task KillLeftoversAsync(
        NodePaths paths, FdReactor reactor, TextWriter output, CancellationToken cancellationToken)
    {
        IEnumerable<int> pids = NodeCgroups.All(paths, CgroupHierarchies.Discover(), TimeProvider.System)
            .SelectMany(cgroup => cgroup.Processes());
        foreach (int pid in pids.Where(pid => pid != Environment.ProcessId))
        {
            if (ProcessIdentity.TryRead(pid) is not null)
            {
                await output.WriteLineAsync($"killing leftover process {pid}");
                await EndAsync(pid, Sigkill, reactor, cancellationToken);
            }
        }
    }

    private static void RemoveMounts(NodePaths paths, TextWriter output)
    {
        string[] ours = [paths.State + "/", paths.Run + "/", paths.Kubelet + "/"];
        foreach (MountInfo mount in MountInfo.ReadSelf().Reverse())
        {
            if (ours.Any(prefix => mount.MountPoint.StartsWith(prefix, StringComparison.Ordinal)))
            {
                output.WriteLine($"unmounting {mount.MountPoint}");
                Mount.Detach(mount.MountPoint);
            }
        }
    }

    private static void RemoveCgroups(NodePaths paths)
    {
        Cgroup cgroup = new(CgroupHierarchies.Discover(), paths.CgroupPrefix);
        if (!cgroup.TryRemove())
        {
            throw new IOException(
                $"Remove cgroup {paths.CgroupPrefix}: processes {string.Join(", ", cgroup.Processes())} are still in it; end them and reset again.");
        }
    }

    private static void RemoveFiles(NodePaths paths, bool keepManifests, TextWriter output)
    {
        List<string> directories = [paths.State, paths.Run, paths.Logs];
        if (!keepManifests)
        {
            directories.AddRange([paths.Manifests, paths.Services, paths.RuntimeClasses]);
        }

        foreach (string directory in directories.Where(Directory.Exists))
        {
            output.WriteLine($"removing {directory}");
            RemoveTree(directory);
        }

        RemovePodFiles(paths, output);
        KubeletComponent.SweepLogLinks(paths);
        RemoveEmptyParents(paths);
        RemoveSharedDirectories(paths);
    }

    /// <summary>What pods had in their volumes may be hostile; the directories of the host that they used stay.</summary>
    private static void RemovePodFiles(NodePaths paths, TextWriter output)
    {
        string pods = Path.Combine(paths.Kubelet, "pods");
        if (Directory.Exists(pods))
        {
            output.WriteLine($"removing {pods}");
            TreeRemoval.Remove(pods);
        }
    }

    /// <summary>
    /// Directories that other agents may use as well go only when nothing is left in them. Shims keep their sockets
    /// under /run/containerd, and CRI what the CNI plugins answered under /var/lib/cni, whatever the configuration says.
    /// </summary>
    private static void RemoveSharedDirectories(NodePaths paths)
    {
        foreach (string directory in (string[])
            [
                paths.Services, paths.RuntimeClasses, Path.GetDirectoryName(paths.Services)!, paths.PodLogs, paths.LogLinks, paths.Kubelet, paths.CniConfig, paths.CniNetworks,
                "/var/lib/cni/results", "/var/lib/cni",
                "/run/containerd/s", "/run/containerd",
            ])
        {
            if (Directory.Exists(directory) && !Directory.EnumerateFileSystemEntries(directory).Any())
            {
                Directory.Delete(directory);
            }
        }
    }

    private static void RemoveTree(string directory)
    {
        while (Directory.Exists(directory))
        {
            try
            {
                Directory.Delete(directory, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
                // Somebody else, such as a dying shim, removed a part of it under us: what is left is still ours.
            }
        }
    }

    /// <summary>Directories above ours that we made and that hold nothing else; never the machine's own.</summary>
    private static void RemoveEmptyParents(NodePaths paths)
    {
        if (paths.Root == "/" || !Directory.Exists(paths.Root))
        {
            return;
        }

        foreach (string directory in Directory
            .EnumerateDirectories(paths.Root, "*", SearchOption.AllDirectories)
            .OrderByDescending(directory => directory.Length)
            .Append(paths.Root)
            .ToList())
        {
            if (!Directory.EnumerateFileSystemEntries(directory).Any())
            {
                Directory.Delete(directory);
            }
        }
    }
}
