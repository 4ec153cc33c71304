using System.Collections.Immutable;
using System.Net;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Primitives;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

public sealed partial class RuntimeService
{
    public async Task<ImmutableArray<PodSandbox>> ListPodSandboxesAsync(
        PodUid? pod, CancellationToken cancellationToken)
    {
        PodSandboxFilter filter = new();
        if (pod is { } uid)
        {
            filter.LabelSelector[RuntimeLabels.PodUid] = uid.Value;
        }

        ListPodSandboxResponse response = await CallAsync(
            "list_podsandbox",
            pod?.Value ?? "all",
            _runtime.ListPodSandboxAsync,
            new ListPodSandboxRequest { Filter = filter },
            RequestTimeout,
            cancellationToken);
        return [.. response.Items.Select(ToPodSandbox).OrderByDescending(sandbox => sandbox.Attempt)];
    }

    public async Task<PodSandboxId> RunPodSandboxAsync(PodSandboxSpec sandbox, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        try
        {
            RunPodSandboxResponse response = await CallAsync(
                "run_podsandbox",
                sandbox.Pod.ToString(),
                _runtime.RunPodSandboxAsync,
                new RunPodSandboxRequest { Config = ToConfig(sandbox), RuntimeHandler = sandbox.RuntimeHandler },
                RequestTimeout,
                cancellationToken);
            return new PodSandboxId(
                Required(response.PodSandboxId, "run_podsandbox", sandbox.Pod.ToString(), "pod_sandbox_id"));
        }
        catch (RuntimeCallException)
        {
            metrics.SandboxErrors.WithLabels(sandbox.RuntimeHandler).Inc();
            throw;
        }
        finally
        {
            metrics.SandboxDuration.WithLabels(sandbox.RuntimeHandler).Observe(clock.GetElapsedTime(start).TotalSeconds);
        }
    }

    public async Task StopPodSandboxAsync(PodSandboxId sandbox, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(
                "stop_podsandbox",
                sandbox.Value,
                _runtime.StopPodSandboxAsync,
                new StopPodSandboxRequest { PodSandboxId = sandbox.Value },
                RequestTimeout,
                cancellationToken);
        }
        catch (RuntimeCallException e) when (e.Code == Grpc.Core.StatusCode.NotFound)
        {
            // Removed since it was listed: it does not run, which is all that was asked. containerd 1.6 refuses.
        }
    }

    public Task RemovePodSandboxAsync(PodSandboxId sandbox, CancellationToken cancellationToken) => CallAsync(
        "remove_podsandbox",
        sandbox.Value,
        _runtime.RemovePodSandboxAsync,
        new RemovePodSandboxRequest { PodSandboxId = sandbox.Value },
        RequestTimeout,
        cancellationToken);

    public async Task<ImmutableArray<string>> GetPodSandboxIpsAsync(
        PodSandboxId sandbox, CancellationToken cancellationToken)
    {
        PodSandboxStatusResponse response = await CallAsync(
            "podsandbox_status",
            sandbox.Value,
            _runtime.PodSandboxStatusAsync,
            new PodSandboxStatusRequest { PodSandboxId = sandbox.Value },
            RequestTimeout,
            cancellationToken);
        PodSandboxNetworkStatus? network = response.Status?.Network;
        if (network is null || network.Ip.Length == 0)
        {
            return [];
        }

        // A pod without a network reaches itself by such an address; nobody else reaches it.
        IEnumerable<string> ips = [network.Ip, .. network.AdditionalIps.Select(ip => ip.Ip)];
        return [.. ips.Where(ip => !(IPAddress.TryParse(ip, out IPAddress? address) && IPAddress.IsLoopback(address)))];
    }

    public async Task<string?> FindNetworkNamespaceAsync(PodSandboxId sandbox, CancellationToken cancellationToken)
    {
        try
        {
            PodSandboxStatusResponse response = await CallAsync(
                "podsandbox_status",
                sandbox.Value,
                _runtime.PodSandboxStatusAsync,
                new PodSandboxStatusRequest { PodSandboxId = sandbox.Value, Verbose = true },
                RequestTimeout,
                cancellationToken);
            return response.Info.TryGetValue("info", out string? info) ? VerboseSandboxStatus.FindNetworkNamespace(info) : null;
        }
        catch (RuntimeCallException e) when (e.Code == Grpc.Core.StatusCode.NotFound)
        {
            return null;
        }
    }

    private PodSandboxConfig ToConfig(PodSandboxSpec sandbox)
    {
        Pod pod = sandbox.Pod;
        PodSandboxConfig config = new()
        {
            Metadata = new PodSandboxMetadata
            {
                Name = pod.Name.Name,
                Namespace = pod.Name.Namespace,
                Uid = pod.Uid.Value,
                Attempt = sandbox.Attempt,
            },
            Hostname = sandbox.Hostname,
            LogDirectory = sandbox.LogDirectory,
            Linux = new LinuxPodSandboxConfig
            {
                CgroupParent = sandbox.CgroupParent,
                SecurityContext = SecurityContexts.ForSandbox(pod.Spec, sandbox.Users),
                Resources = ContainerResources.OfPod(pod.Spec, _options.Cgroups),
                Overhead = ContainerResources.OfOverhead(pod.Spec, _options.Cgroups),
            },
        };
        foreach (V1Sysctl sysctl in pod.Spec.SecurityContext?.Sysctls ?? [])
        {
            // sysctl(8) knows both separators, the kernel's path has the second one's place.
            config.Linux.Sysctls[sysctl.Name.Replace('/', '.')] = sysctl.Value;
        }

        if (sandbox.Dns is { IsEmpty: false } dns)
        {
            config.DnsConfig = new DNSConfig();
            config.DnsConfig.Servers.AddRange(dns.Servers);
            config.DnsConfig.Searches.AddRange(dns.Searches);
            config.DnsConfig.Options.AddRange(dns.Options);
        }

        config.PortMappings.AddRange(PortMappings(pod));
        AddPodLabels(config.Labels, pod);
        foreach ((string name, string value) in pod.Manifest.Metadata.Annotations ?? ImmutableDictionary<string, string>.Empty)
        {
            config.Annotations[name] = value;
        }

        return config;
    }

    /// <summary>Ports of the machine that lead to the pod's; in the host's network they are the pod's own.</summary>
    private static IEnumerable<PortMapping> PortMappings(Pod pod)
    {
        if (pod.HostNetwork)
        {
            return [];
        }

        return (pod.Spec.InitContainers ?? [])
            .Where(container => container.IsRestartableInit())
            .Concat(pod.Spec.Containers)
            .SelectMany(container => container.Ports ?? [])
            .Where(port => port.HostPort > 0)
            .Select(port => new PortMapping
            {
                Protocol = port.Protocol switch
                {
                    "UDP" => Protocol.Udp,
                    "SCTP" => Protocol.Sctp,
                    _ => Protocol.Tcp,
                },
                ContainerPort = port.ContainerPort,
                HostPort = port.HostPort ?? 0,
                HostIp = port.HostIP ?? string.Empty,
            });
    }

    private static void AddPodLabels(Google.Protobuf.Collections.MapField<string, string> labels, Pod pod)
    {
        foreach ((string name, string value) in pod.Manifest.Metadata.Labels ?? ImmutableDictionary<string, string>.Empty)
        {
            labels[name] = value;
        }

        labels[RuntimeLabels.PodName] = pod.Name.Name;
        labels[RuntimeLabels.PodNamespace] = pod.Name.Namespace;
        labels[RuntimeLabels.PodUid] = pod.Uid.Value;
    }

    private static PodSandbox ToPodSandbox(Protocols.Cri.V1.PodSandbox sandbox)
    {
        PodSandboxMetadata metadata = Required(sandbox.Metadata, "list_podsandbox", sandbox.Id, "metadata");
        return new PodSandbox(
            new PodSandboxId(sandbox.Id),
            new PodUid(metadata.Uid),
            new NamespacedName(metadata.Namespace, metadata.Name),
            metadata.Attempt,
            sandbox.State == PodSandboxState.SandboxReady,
            ToTime(sandbox.CreatedAt) ?? DateTimeOffset.UnixEpoch);
    }
}
