using k8s.Models;
using Noded.Kubelet.Pods;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>Pods whose class says which runtime runs them.</summary>
public sealed class SandboxSpecsTests
{
    [Fact]
    public async Task Sandbox_OfAPodWithAClass_IsMadeByItsHandler()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Classes.Add("gvisor", "runsc");

        await kubelet.DesireAsync(APod(), OfClass("u2", "gvisor"));

        Assert.Equal(["", "runsc"], kubelet.Runtime.RuntimeHandlers.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Class_IsMissing_ThePodWaitsAndSaysSoUntilItIsThere()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod pod = OfClass("u1", "gvisor");

        await kubelet.DesireAsync(pod);

        V1PodStatus status = kubelet.Statuses.Reports[pod.Uid].Status;
        Assert.Equal(("Pending", "ContainerCreating"), (status.Phase, status.ContainerStatuses[0].State.Waiting.Reason));
        Assert.Contains(kubelet.Events.Read(), happened => happened is
        {
            Type: "Warning", Reason: "FailedCreatePodSandBox",
            Message: "Failed to create pod sandbox: runtimeclass.node.k8s.io \"gvisor\" not found",
        });
        Assert.Empty(kubelet.Runtime.RuntimeHandlers);

        // As the source does it: what it reads anew is another object.
        kubelet.Classes.Add("gvisor", "runsc");
        await kubelet.DesireAsync(pod with { });

        Assert.Equal("Running", kubelet.Statuses.Reports[pod.Uid].Status.Phase);
        Assert.Equal(["runsc"], kubelet.Runtime.RuntimeHandlers);
    }

    private static Pod OfClass(string uid, string runtimeClass)
    {
        Pod pod = APod(uid, uid);
        pod.Spec.RuntimeClassName = runtimeClass;
        return pod;
    }
}
