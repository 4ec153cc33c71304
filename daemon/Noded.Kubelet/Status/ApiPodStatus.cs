using System.Collections.Immutable;
using System.Text;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Status;

/// <summary>Turns what the runtime shows into the pod status of the API, by upstream's rules.</summary>
internal static class ApiPodStatus
{
    /// <summary>In bytes.</summary>
    private const int MaxMessages = 12 * 1024;

    /// <summary>The conditions that are the node's own; all others are somebody else's and stay.</summary>
    private static readonly string[] Own =
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled", "DisruptionTarget", "PodRuntimeStalled"];

    /// <param name="before">The status reported last: times of transition and the start time are kept from it.</param>
    internal static V1PodStatus Compute(
        Pod pod, SyncResult result, V1PodStatus? before, string hostIp, DateTimeOffset now)
    {
        if (result.Terminal is not null)
        {
            return result.Terminal;
        }

        bool hasInits = pod.Spec.InitContainers?.Count > 0;
        List<V1ContainerStatus> inits = [.. (pod.Spec.InitContainers ?? [])
            .Select(container => ContainerStatuses.Compute(
                container, result, before?.InitContainerStatuses.Of(container), !container.IsRestartableInit(), hasInits))];
        List<V1ContainerStatus> containers = [.. pod.Spec.Containers
            .Select(container => ContainerStatuses.Compute(
                container, result, before?.ContainerStatuses.Of(container), runsToEnd: false, hasInits))];
        LimitMessages([.. inits, .. containers]);
        bool isRejected = result.Failure is { IsRejection: true };
        string phase = result.Failure is null ? PodPhases.Compute(pod.Spec, inits, containers) : "Failed";
        ImmutableArray<string> ips = pod.HostNetwork ? [hostIp] : result.Status.Ips;

        return new V1PodStatus
        {
            Phase = phase,
            Reason = result.Failure?.Reason,
            Message = result.Failure?.Message,
            Conditions = Conditions(pod.Spec, result, phase, inits, containers, before, now),
            HostIP = hostIp,
            HostIPs = [new V1HostIP { Ip = hostIp }],
            PodIP = ips.IsEmpty ? null : ips[0],
            PodIPs = ips.IsEmpty ? null : [.. ips.Select(ip => new V1PodIP { Ip = ip })],
            StartTime = before?.StartTime ?? StartTime(result.Status, now),
            QosClass = pod.Manifest.QosClass().ToString(),
            InitContainerStatuses = inits.Count == 0 || isRejected ? null : inits,
            ContainerStatuses = isRejected ? [] : containers,
        };
    }

    /// <summary>All containers of a pod share 12 KiB, each as much as every other.</summary>
    private static void LimitMessages(List<V1ContainerStatus> statuses)
    {
        int share = MaxMessages / statuses.Count;
        foreach (V1ContainerState? state in statuses.SelectMany(status => (V1ContainerState?[])[status.State, status.LastState]))
        {
            if (state?.Terminated is { Message: { } message } terminated && Encoding.UTF8.GetByteCount(message) > share)
            {
                terminated.Message = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(message).AsSpan(0, share));
            }
        }
    }

    private static List<V1PodCondition> Conditions(
        V1PodSpec spec,
        SyncResult result,
        string phase,
        List<V1ContainerStatus> inits,
        List<V1ContainerStatus> containers,
        V1PodStatus? before,
        DateTimeOffset now)
    {
        bool isInitialized = PodPhases.IsInitialized(spec, inits) || phase == "Succeeded";
        IEnumerable<V1ContainerStatus> sidecars =
            (spec.InitContainers ?? []).Zip(inits).Where(init => init.First.IsRestartableInit()).Select(init => init.Second);
        List<string> unready = [.. sidecars.Concat(containers).Where(status => !status.Ready).Select(status => status.Name)];
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
        List<V1PodCondition> others = [.. before?.Conditions?.Where(condition => !Own.Contains(condition.Type)) ?? []];
        string? gates = reason is null ? UnreadyGates(spec, others) : null;

        return
        [
            Condition("PodReadyToStartContainers", hasSandbox, null, null, before, now),
            Condition("Initialized", isInitialized, isInitialized ? null : "ContainersNotInitialized", null, before, now),
            gates is null
                ? Condition("Ready", reason is null, reason, message, before, now)
                : Condition("Ready", false, "ReadinessGatesNotReady", gates, before, now),
            Condition("ContainersReady", reason is null, reason, message, before, now),
            Condition("PodScheduled", true, null, null, before, now),
            .. result.Failure is { IsDisruption: true } failure
                ? [Condition("DisruptionTarget", true, "TerminationByKubelet", failure.Message, before, now)]
                : (V1PodCondition[])[],
            .. others,
        ];
    }

    /// <summary>Why the pod is not ready although its containers are, in upstream's words; null when nothing says so.</summary>
    private static string? UnreadyGates(V1PodSpec spec, List<V1PodCondition> conditions)
    {
        List<string> unready = [];

        foreach (string gate in (spec.ReadinessGates ?? []).Select(gate => gate.ConditionType))
        {
            V1PodCondition? condition = conditions.Find(other => other.Type == gate);

            if (condition is null)
            {
                unready.Add($"corresponding condition of pod readiness gate \"{gate}\" does not exist.");
            }
            else if (condition.Status != "True")
            {
                unready.Add($"the status of pod readiness gate \"{gate}\" is not \"True\", but {condition.Status}");
            }
        }

        return unready.Count == 0 ? null : string.Join(", ", unready);
    }

    private static V1ContainerStatus? Of(this IList<V1ContainerStatus>? statuses, V1Container container) =>
        statuses?.FirstOrDefault(status => status.Name == container.Name);

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
