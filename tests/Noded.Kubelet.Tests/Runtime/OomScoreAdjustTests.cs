using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Pods;
using Noded.Linux.Processes;

namespace Noded.Kubelet.Tests.Runtime;

public sealed class OomScoreAdjustTests
{
    private const long Capacity = 1L << 34;

    [Theory]
    [InlineData(QosClass.Guaranteed, false, 0, -997)]
    [InlineData(QosClass.BestEffort, false, 0, 1000)]
    [InlineData(QosClass.BestEffort, true, 0, -997)]
    [InlineData(QosClass.Burstable, false, 0, 999)]
    [InlineData(QosClass.Burstable, false, Capacity / 2, 500)]
    [InlineData(QosClass.Burstable, false, Capacity, 3)]
    public void Compute_ClassAndRequest_IsUpstreams(QosClass qosClass, bool isNodeCritical, long request, int expected) =>
        Assert.Equal(expected, OomScoreAdjust.Compute(qosClass, isNodeCritical, request, Capacity));

    [Theory]
    [InlineData(null, 1000)]
    [InlineData("system-cluster-critical", 1000)]
    [InlineData("system-node-critical", -997)]
    public void Compute_StaticPod_IsNodeCriticalByItsClassOnly(string? className, int expected)
    {
        Pod pod = SamplePods.APod();
        pod.Manifest.Metadata.Annotations = new Dictionary<string, string> { [PodExtensions.ConfigSourceAnnotation] = "file" };
        pod.Spec.PriorityClassName = className;
        V1Container container = pod.Spec.Containers[0];

        Assert.Equal(expected, OomScoreAdjust.Compute(pod, container));
    }

    [Fact]
    public void Compute_ThePodAsksForMoreThanItsContainers_EachHasItsPartOfThat()
    {
        Pod pod = SamplePods.APod();
        pod.Spec.Containers = [pod.Spec.Containers[0], new V1Container { Name = "second" }];
        pod.Spec.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["memory"] = new($"{MachineMemory.TotalBytes / 2}") },
        };

        Assert.Equal(750, OomScoreAdjust.Compute(pod, pod.Spec.Containers[1]), 1.0);
    }
}
