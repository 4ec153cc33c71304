using Grpc.Core;
using k8s.Models;
using Noded.Composition;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Status;
using Noded.Protocols.Operator.V1;

namespace Noded.Hosting;

/// <summary>A request for logs with pod and container found.</summary>
/// <param name="Writer">That instance of the container.</param>
internal sealed record PodLogRequest(string File, LogOptions Options, LogWriter Writer)
{
    /// <exception cref="RpcException">NotFound or InvalidArgument, with what there is instead.</exception>
    internal static PodLogRequest Resolve(NodeComposition node, LogsRequest request)
    {
        PodReport report = node.Kubelet.Reports.Values.FirstOrDefault(report => OperatorService.IsMeant(report, request.Pod))
            ?? throw Fail(StatusCode.NotFound, $"There is no pod {request.Pod} on this node.");
        V1ContainerStatus status = FindContainer(report, request.Container);
        int attempt = status.RestartCount - (request.Previous ? 1 : 0);
        if (attempt < 0)
        {
            throw Fail(StatusCode.NotFound, $"Container {status.Name} of {request.Pod} has no previous instance.");
        }

        LogOptions options = new(
            request.Tail < 0 ? null : (int)Math.Min(request.Tail, int.MaxValue), request.Follow, request.Timestamps)
        {
            Since = request.Since?.ToDateTimeOffset(),
            LimitBytes = request.LimitBytes > 0 ? request.LimitBytes : null,
        };
        return new PodLogRequest(
            node.Kubelet.LogFile(report.Pod, status.Name, (uint)attempt),
            options,
            new LogWriter(
                () => node.Kubelet.Reports.TryGetValue(report.Pod.Uid, out PodReport? now)
                    && Containers(now).Any(container => container.Name == status.Name
                        && container.RestartCount == attempt
                        && container.State.Running is not null),
                node.Kubelet.WaitForStatusAsync));
    }

    internal static V1ContainerStatus FindContainer(PodReport report, string name)
    {
        List<V1ContainerStatus> containers = [.. Containers(report)];
        List<V1ContainerStatus> matching = name.Length == 0
            ? report.Status.ContainerStatuses.Count == 1 ? [report.Status.ContainerStatuses[0]] : []
            : [.. containers.Where(container => container.Name == name)];
        string choice = string.Join(", ", containers.Select(container => container.Name));
        return matching.Count == 1
            ? matching[0]
            : throw Fail(
                StatusCode.InvalidArgument,
                name.Length == 0
                    ? $"Pod {report.Pod.Name} has several containers; name one of: {choice}."
                    : $"Pod {report.Pod.Name} has no container {name}, only: {choice}.");
    }

    private static IEnumerable<V1ContainerStatus> Containers(PodReport report) =>
        (report.Status.InitContainerStatuses ?? []).Concat(report.Status.ContainerStatuses);

    private static RpcException Fail(StatusCode code, string detail) => new(new Status(code, detail));
}
