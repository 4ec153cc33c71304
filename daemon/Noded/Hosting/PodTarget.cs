using Grpc.Core;
using k8s.Models;
using Noded.Composition;
using Noded.Kubelet.Status;

namespace Noded.Hosting;

/// <summary>The pod and container that an operator's request means; what it does not find it says with what there is.</summary>
internal static class PodTarget
{
    /// <exception cref="RpcException">NotFound.</exception>
    internal static PodReport FindPod(NodeComposition node, string pod) =>
        node.Kubelet.Reports.Values.FirstOrDefault(report => OperatorService.IsMeant(report, pod))
            ?? throw Fail(StatusCode.NotFound, $"There is no pod {pod} on this node.");

    /// <param name="name">May be empty when the pod has one container.</param>
    /// <exception cref="RpcException">InvalidArgument.</exception>
    internal static V1ContainerStatus FindContainer(PodReport report, string name)
    {
        List<V1ContainerStatus> containers = [.. report.ContainerStatuses];
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

    internal static RpcException Fail(StatusCode code, string detail) => new(new Status(code, detail));
}
