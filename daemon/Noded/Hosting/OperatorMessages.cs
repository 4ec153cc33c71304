using Google.Protobuf.WellKnownTypes;
using k8s.Models;
using Noded.Api.Serialization;
using Noded.Kubelet.Events;
using Noded.Kubelet.Status;
using Noded.Primitives;
using Noded.Protocols.Operator.V1;

namespace Noded.Hosting;

/// <summary>Maps the parts' records to the operator API's messages.</summary>
internal static class OperatorMessages
{
    internal static Pod ToPod(PodReport report)
    {
        V1PodStatus status = report.Status;
        Pod pod = new()
        {
            Namespace = report.Pod.Name.Namespace,
            Name = report.Pod.Name.Name,
            Uid = report.Pod.Uid.Value,
            Phase = status.Phase,
            Reason = status.Reason ?? string.Empty,
            Message = status.Message ?? string.Empty,
            Json = ApiJson.Serialize(WithStatus(report.Pod.Manifest, status)),
        };
        pod.Ips.AddRange((status.PodIPs ?? []).Select(ip => ip.Ip));
        if (status.StartTime is { } startTime)
        {
            pod.StartedAt = startTime.ToTimestamp();
        }

        pod.Containers.AddRange(report.ContainerStatuses.Select(ToContainer));
        return pod;
    }

    internal static Event ToEvent(NodeEvent nodeEvent) => new()
    {
        Type = nodeEvent.Type,
        Reason = nodeEvent.Reason,
        Message = nodeEvent.Message,
        Object = nodeEvent.InvolvedObject,
        FirstSeen = nodeEvent.FirstSeen.ToTimestamp(),
        LastSeen = nodeEvent.LastSeen.ToTimestamp(),
        Count = nodeEvent.Count,
    };

    internal static TimelineEntry ToEntry(FlightEntry entry) => new()
    {
        Sequence = entry.Sequence,
        Time = entry.Time.ToTimestamp(),
        Kind = entry.Kind.ToString(),
        Subject = entry.Subject,
        What = entry.What,
        Cause = entry.Cause,
        Duration = entry.Duration.ToDuration(),
    };

    private static Container ToContainer(V1ContainerStatus status)
    {
        Container container = new()
        {
            Name = status.Name,
            Image = status.Image,
            Ready = status.Ready,
            RestartCount = status.RestartCount,
            ContainerId = status.ContainerID ?? string.Empty,
            State = status.State switch
            {
                { Running: not null } => "running",
                { Terminated: not null } => "terminated",
                _ => "waiting",
            },
            Reason = status.State.Waiting?.Reason ?? status.State.Terminated?.Reason ?? string.Empty,
            Message = status.State.Waiting?.Message ?? status.State.Terminated?.Message ?? string.Empty,
            ExitCode = status.State.Terminated?.ExitCode ?? status.LastState?.Terminated?.ExitCode ?? 0,
        };
        if ((status.State.Running?.StartedAt ?? status.State.Terminated?.StartedAt) is { } startedAt)
        {
            container.StartedAt = startedAt.ToTimestamp();
        }

        return container;
    }

    private static V1Pod WithStatus(V1Pod manifest, V1PodStatus status) => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = manifest.Metadata,
        Spec = manifest.Spec,
        Status = status,
    };
}
