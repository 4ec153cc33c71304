using System.Collections.Immutable;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Status;

/// <summary>Turns what the runtime shows into the pod status of the API, by upstream's rules.</summary>
internal static class ApiPodStatus
{
    /// <param name="before">The status reported last: times of transition and the start time are kept from it.</param>
    internal static V1PodStatus Compute(
        Pod pod, SyncResult result, V1PodStatus? before, string hostIp, DateTimeOffset now)
    {
        bool hasInits = pod.Spec.InitContainers?.Count > 0;
        List<V1ContainerStatus> inits = [.. (pod.Spec.InitContainers ?? [])
            .Select(container => ContainerStatuses.Compute(container, result, isInit: true, hasInits))];
        List<V1ContainerStatus> containers = [.. pod.Spec.Containers
            .Select(container => ContainerStatuses.Compute(container, result, isInit: false, hasInits))];
        string phase = Phase(pod.Spec.RestartPolicy, inits, containers);
        ImmutableArray<string> ips = pod.HostNetwork ? [hostIp] : result.Status.Ips;

        return new V1PodStatus
        {
            Phase = phase,
            Conditions = Conditions(result, phase, inits, containers, before, now),
            HostIP = hostIp,
            HostIPs = [new V1HostIP { Ip = hostIp }],
            PodIP = ips.IsEmpty ? null : ips[0],
            PodIPs = ips.IsEmpty ? null : [.. ips.Select(ip => new V1PodIP { Ip = ip })],
            StartTime = before?.StartTime ?? StartTime(result.Status, now),
            QosClass = pod.Manifest.QosClass().ToString(),
            InitContainerStatuses = inits.Count == 0 ? null : inits,
            ContainerStatuses = containers,
        };
    }

    /// <summary>Pending, Running, Succeeded or Failed.</summary>
    internal static string Phase(
        string? restartPolicy, IReadOnlyList<V1ContainerStatus> inits, IReadOnlyList<V1ContainerStatus> containers)
    {
        bool isInitialized = inits.All(init => init.State.Terminated is { ExitCode: 0 });
        bool initFailedForGood = restartPolicy == "Never"
            && inits.Any(init => init.State.Terminated is { ExitCode: not 0 });
        bool HasRun(V1ContainerStatus status) =>
            status.State.Running is not null || status.State.Terminated is not null
            || status.LastState?.Terminated is not null;
        bool IsOver(V1ContainerStatus status) => status.State.Terminated is { } terminated
            && !PodActions.RestartsAfter(restartPolicy, terminated.ExitCode);

        return 0 switch
        {
            _ when initFailedForGood => "Failed",
            _ when !isInitialized && !containers.Any(HasRun) => "Pending",
            _ when containers.All(IsOver) =>
                containers.All(status => status.State.Terminated.ExitCode == 0) ? "Succeeded" : "Failed",
            _ when containers.All(HasRun) => "Running",
            _ => "Pending",
        };
    }

    private static List<V1PodCondition> Conditions(
        SyncResult result,
        string phase,
        List<V1ContainerStatus> inits,
        List<V1ContainerStatus> containers,
        V1PodStatus? before,
        DateTimeOffset now)
    {
        bool isInitialized = inits.All(init => init.State.Terminated is { ExitCode: 0 }) || phase == "Succeeded";
        List<string> unready = [.. containers.Where(status => !status.Ready).Select(status => status.Name)];
        string? reason = phase switch
        {
            "Succeeded" => "PodCompleted",
            "Failed" => "PodFailed",
            _ => unready.Count > 0 ? "ContainersNotReady" : null,
        };
        string? message = reason == "ContainersNotReady"
            ? $"containers with unready status: [{string.Join(' ', unready)}]"
            : null;
        bool hasSandbox = result.Status.NewestSandbox is { IsReady: true };

        return
        [
            Condition("PodReadyToStartContainers", hasSandbox, null, null, before, now),
            Condition("Initialized", isInitialized, isInitialized ? null : "ContainersNotInitialized", null, before, now),
            Condition("Ready", reason is null, reason, message, before, now),
            Condition("ContainersReady", reason is null, reason, message, before, now),
            Condition("PodScheduled", true, null, null, before, now),
        ];
    }

    private static V1PodCondition Condition(
        string type, bool isTrue, string? reason, string? message, V1PodStatus? before, DateTimeOffset now)
    {
        string status = isTrue ? "True" : "False";
        V1PodCondition? old = before?.Conditions?.FirstOrDefault(condition => condition.Type == type);
        return new V1PodCondition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            LastTransitionTime = old?.Status == status ? old.LastTransitionTime : now.UtcDateTime,
        };
    }

    /// <summary>When this node took up the pod; after a restart of the daemon its first sandbox tells.</summary>
    private static DateTime StartTime(PodStatus status, DateTimeOffset now) =>
        status.Sandboxes.IsEmpty ? now.UtcDateTime : status.Sandboxes.Min(sandbox => sandbox.CreatedAt).UtcDateTime;
}
