using Noded.Kubelet.Lifecycle;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Lifecycle;

public sealed class TerminationOrderTests
{
    [Theory]
    [InlineData("app other", "app other")]
    [InlineData("s1 app s2 other", "app other | s2 | s1")]
    [InlineData("s1 init", "init | s1")]
    [InlineData("", "")]
    public void Compute_Sidecars_AreLastAndTheLastOneFirst(string stops, string expected)
    {
        Pod pod = APod(containers: ["app", "other"], inits: ["s1", "init", "s2"]);
        pod.Spec.InitContainers[0].RestartPolicy = pod.Spec.InitContainers[2].RestartPolicy = "Always";

        Assert.Equal(expected, Order(pod, stops));
    }

    [Fact]
    public void Compute_Orphan_HasNoOrder() => Assert.Equal("s1 app", Order(null, "s1 app"));

    private static string Order(Pod? pod, string stops) => string.Join(
        " | ",
        TerminationOrder.Compute(pod, stops.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(AStop))
            .Select(together => string.Join(' ', together.Select(stop => stop.Container.Name))));

    private static ContainerToStop AStop(string name) => new(
        new ContainerStatus(
            new ContainerId(name), new PodSandboxId("s"), name, 0, ContainerState.Running, default, null, null, 0, "", "", "", "", ""),
        "reason",
        TimeSpan.FromSeconds(1));
}
