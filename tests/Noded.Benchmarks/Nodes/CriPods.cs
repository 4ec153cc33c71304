using Grpc.Net.Client;
using Noded.Linux.Cgroups;
using Noded.Protocols.Cri.V1;

namespace Noded.Benchmarks.Nodes;

/// <summary>Pods made straight over CRI, by the requests of a <see cref="RecordedPod"/>.</summary>
internal sealed class CriPods : IDisposable
{
    private readonly BenchmarkNode _node;
    private readonly GrpcChannel _channel;
    private readonly RuntimeService.RuntimeServiceClient _runtime;

    internal CriPods(BenchmarkNode node)
    {
        _node = node;
        _channel = UnixChannel.Open(node.Sandbox.Paths.ContainerdSocket);
        _runtime = new RuntimeService.RuntimeServiceClient(_channel);
    }

    /// <summary>Sends the three requests that start a pod, and nothing else.</summary>
    /// <returns>The moment the first was sent.</returns>
    internal async Task<DateTimeOffset> RunAsync(RecordedPod recorded, string name, CancellationToken cancellationToken)
    {
        string uid = Guid.NewGuid().ToString("N");
        (PodSandboxConfig sandbox, ContainerConfig container) = recorded.Prepare(_node, name, uid);
        new Cgroup(_node.Hierarchies, CgroupOf(uid)).Create();

        DateTimeOffset sentAt = TimeProvider.System.GetUtcNow();
        RunPodSandboxResponse run = await _runtime.RunPodSandboxAsync(
            new RunPodSandboxRequest { Config = sandbox }, cancellationToken: cancellationToken);
        CreateContainerRequest create = new()
        {
            PodSandboxId = run.PodSandboxId,
            Config = container,
            SandboxConfig = sandbox,
        };
        CreateContainerResponse created =
            await _runtime.CreateContainerAsync(create, cancellationToken: cancellationToken);
        await _runtime.StartContainerAsync(
            new StartContainerRequest { ContainerId = created.ContainerId }, cancellationToken: cancellationToken);
        return sentAt;
    }

    /// <summary>Stops every pod as a daemon does whose grace period is <paramref name="gracePeriod"/> seconds.</summary>
    /// <returns>How long the requests took.</returns>
    internal async Task<TimeSpan> StopAllAsync(long gracePeriod, CancellationToken cancellationToken)
    {
        ListContainersResponse containers = await _runtime.ListContainersAsync(
            new ListContainersRequest(), cancellationToken: cancellationToken);
        ListPodSandboxResponse sandboxes = await _runtime.ListPodSandboxAsync(
            new ListPodSandboxRequest(), cancellationToken: cancellationToken);
        long start = TimeProvider.System.GetTimestamp();
        foreach (Container container in containers.Containers)
        {
            await _runtime.StopContainerAsync(
                new StopContainerRequest { ContainerId = container.Id, Timeout = gracePeriod }, cancellationToken: cancellationToken);
        }

        foreach (PodSandbox sandbox in sandboxes.Items)
        {
            await _runtime.StopPodSandboxAsync(
                new StopPodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
        }

        return TimeProvider.System.GetElapsedTime(start);
    }

    /// <summary>The sandbox of a static pod of this name.</summary>
    internal async Task<string> ReadySandboxAsync(string pod, CancellationToken cancellationToken) =>
        (await _runtime.ListPodSandboxAsync(new ListPodSandboxRequest(), cancellationToken: cancellationToken))
            .Items.Single(sandbox => sandbox.State == PodSandboxState.SandboxReady
                && sandbox.Metadata.Name.StartsWith($"{pod}-", StringComparison.Ordinal))
            .Id;

    internal async Task<bool> IsReadyAsync(string sandbox, CancellationToken cancellationToken) =>
        (await _runtime.ListPodSandboxAsync(
            new ListPodSandboxRequest { Filter = new PodSandboxFilter { Id = sandbox } }, cancellationToken: cancellationToken))
            .Items.Any(found => found.State == PodSandboxState.SandboxReady);

    /// <summary>Removes every pod with its cgroup, whoever made it.</summary>
    internal async Task RemoveAllAsync(CancellationToken cancellationToken)
    {
        ListPodSandboxResponse list = await _runtime.ListPodSandboxAsync(
            new ListPodSandboxRequest(), cancellationToken: cancellationToken);
        foreach (PodSandbox sandbox in list.Items)
        {
            await _runtime.StopPodSandboxAsync(
                new StopPodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
            await _runtime.RemovePodSandboxAsync(
                new RemovePodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
            new Cgroup(_node.Hierarchies, CgroupOf(sandbox.Metadata.Uid)).TryRemove();
        }
    }

    public void Dispose() => _channel.Dispose();

    private string CgroupOf(string uid) => $"{_node.Sandbox.CgroupPrefix}/kubepods/besteffort/pod{uid}";
}
