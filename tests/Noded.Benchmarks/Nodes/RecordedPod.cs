using System.Text.Json;
using Google.Protobuf;
using Grpc.Net.Client;
using Noded.Protocols.Cri.V1;

namespace Noded.Benchmarks.Nodes;

/// <summary>
/// The requests by which a daemon started a pod, as containerd remembers them, to be sent again under other names: the
/// floor that a daemon is measured against does what the daemon asks for, no less and no more.
/// </summary>
internal sealed class RecordedPod
{
    // containerd tells the configurations in Go's JSON, by the names of the fields and with numbers for enumerations.
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    private readonly BenchmarkNode _node;
    private readonly string _sandbox;
    private readonly string _container;
    private readonly PodSandboxMetadata _pod;

    private RecordedPod(BenchmarkNode node, string sandbox, string container)
    {
        _node = node;
        _sandbox = sandbox;
        _container = container;
        _pod = Parser.Parse<PodSandboxConfig>(sandbox).Metadata;
    }

    /// <summary>Reads the requests of the only pod that a node has.</summary>
    internal static async Task<RecordedPod> ReadAsync(BenchmarkNode node, CancellationToken cancellationToken)
    {
        using GrpcChannel channel = UnixChannel.Open(node.Sandbox.Paths.ContainerdSocket);
        RuntimeService.RuntimeServiceClient runtime = new(channel);
        ListPodSandboxResponse sandboxes = await runtime.ListPodSandboxAsync(
            new ListPodSandboxRequest(), cancellationToken: cancellationToken);
        PodSandboxStatusResponse sandbox = await runtime.PodSandboxStatusAsync(
            new PodSandboxStatusRequest { PodSandboxId = sandboxes.Items.Single().Id, Verbose = true },
            cancellationToken: cancellationToken);
        ListContainersResponse containers = await runtime.ListContainersAsync(
            new ListContainersRequest(), cancellationToken: cancellationToken);
        ContainerStatusResponse container = await runtime.ContainerStatusAsync(
            new ContainerStatusRequest { ContainerId = containers.Containers.Single().Id, Verbose = true },
            cancellationToken: cancellationToken);
        return new RecordedPod(node, ConfigOf(sandbox.Info["info"]), ConfigOf(container.Info["info"]));
    }

    /// <summary>The requests for another pod, on that node or another, with the directories and files that they name.</summary>
    internal (PodSandboxConfig Sandbox, ContainerConfig Container) Prepare(BenchmarkNode node, string name, string uid)
    {
        PodSandboxConfig sandbox = Parser.Parse<PodSandboxConfig>(Rename(_sandbox));
        ContainerConfig container = Parser.Parse<ContainerConfig>(Rename(_container));
        Directory.CreateDirectory(Path.Combine(sandbox.LogDirectory, container.Metadata.Name));
        foreach (Mount mount in container.Mounts)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(mount.HostPath)!);
            File.WriteAllText(mount.HostPath, string.Empty);
        }

        return (sandbox, container);

        string Rename(string config) => config
            .Replace(_pod.Uid, uid, StringComparison.Ordinal)
            .Replace($"\"{_pod.Name}\"", $"\"{name}\"", StringComparison.Ordinal)
            .Replace($"_{_pod.Name}_", $"_{name}_", StringComparison.Ordinal)
            .Replace(_node.Sandbox.CgroupPrefix, node.Sandbox.CgroupPrefix, StringComparison.Ordinal)
            .Replace(_node.Sandbox.Root, node.Sandbox.Root, StringComparison.Ordinal);
    }

    private static string ConfigOf(string info)
    {
        using JsonDocument document = JsonDocument.Parse(info);
        return document.RootElement.GetProperty("config").GetRawText();
    }
}
