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
        PodReport report = PodTarget.FindPod(node, request.Pod);
        V1ContainerStatus status = PodTarget.FindContainer(report, request.Container);
        int attempt = status.RestartCount - (request.Previous ? 1 : 0);
        if (attempt < 0)
        {
            throw PodTarget.Fail(StatusCode.NotFound, $"Container {status.Name} of {request.Pod} has no previous instance.");
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
                    && now.ContainerStatuses.Any(container => container.Name == status.Name
                        && container.RestartCount == attempt
                        && container.State.Running is not null),
                node.Kubelet.WaitForStatusAsync));
    }
}
