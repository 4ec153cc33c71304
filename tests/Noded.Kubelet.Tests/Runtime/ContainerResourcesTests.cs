using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Pods;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Tests.Runtime;

public sealed class ContainerResourcesTests
{
    [Fact]
    public void Compute_NothingAsked_HasTheSmallestShareAndNoLimit()
    {
        LinuxContainerResources resources = Compute(null, null);

        Assert.Equal((2, 0, 0, 0), Numbers(resources));
        Assert.Equal(1000, resources.OomScoreAdj);
    }

    [Fact]
    public void Compute_RequestsAndLimits_AreTheKernelsNumbers()
    {
        LinuxContainerResources resources = Compute(
            new() { ["cpu"] = new("250m"), ["memory"] = new("64Mi") }, new() { ["cpu"] = new("1500m"), ["memory"] = new("128Mi") });

        Assert.Equal((256, 100_000, 150_000, 128 * 1024 * 1024), Numbers(resources));
        Assert.InRange(resources.OomScoreAdj, 3, 999);
    }

    [Fact]
    public void Compute_CpuLimitWithoutARequest_IsTheRequest() =>
        Assert.Equal(2048, Compute(null, new() { ["cpu"] = new("2") }).CpuShares);

    [Fact]
    public void Compute_TinyLimit_IsNoLessThanTheKernelTakes() =>
        Assert.Equal((2, 100_000, 1000, 0), Numbers(Compute(null, new() { ["cpu"] = new("1m") })));

    [Theory]
    [InlineData(true, "memory.oom.group=1")]
    [InlineData(false, "")]
    public void Compute_ContainerWithoutMemory_IsKilledAsAWholeIfTheNodeSaysSo(bool together, string expected) => Assert.Equal(
        expected,
        string.Join(
            ',',
            Compute(null, null, CgroupOptions.Default with { KillsTogether = together }).Unified.Select(file => $"{file.Key}={file.Value}")));

    [Fact]
    public void Compute_LimitOfZero_IsNone() =>
        Assert.Equal((2, 0, 0, 0), Numbers(Compute(null, new() { ["cpu"] = new("0"), ["memory"] = new("0") })));

    [Fact]
    public void Compute_AnotherPeriodOrNoQuota_IsAsTheNodeSays()
    {
        Dictionary<string, ResourceQuantity> limits = new() { ["cpu"] = new("500m") };

        Assert.Equal(
            (512, 10_000, 5_000, 0),
            Numbers(Compute(null, limits, CgroupOptions.Default with { CpuCfsQuotaPeriod = TimeSpan.FromMilliseconds(10) })));
        Assert.Equal((512, 0, 0, 0), Numbers(Compute(null, limits, CgroupOptions.Default with { CpuCfsQuota = false })));
    }

    [Fact]
    public void OfPodAndOverhead_ClassThatTakesSomething_AreApart()
    {
        Pod pod = SamplePods.APod().With(container => container.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("500m"), ["memory"] = new("64Mi") },
            Limits = new Dictionary<string, ResourceQuantity> { ["memory"] = new("128Mi") },
        });
        Assert.Null(ContainerResources.OfOverhead(pod.Spec, CgroupOptions.Default));

        pod.Spec.Overhead = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("250m"), ["memory"] = new("32Mi") };

        Assert.Equal((512, 0, 0, 128 << 20), Numbers(ContainerResources.OfPod(pod.Spec, CgroupOptions.Default)));
        Assert.Equal((256, 100_000, 25_000, 32 << 20), Numbers(ContainerResources.OfOverhead(pod.Spec, CgroupOptions.Default)!));
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(1000, 1024)]
    [InlineData(256_000, 262_144)]
    [InlineData(1_000_000, 262_144)]
    public void Shares_OfMilliCpu_StayInTheKernelsRange(long milliCpu, long shares) =>
        Assert.Equal(shares, ContainerResources.Shares(milliCpu));

    [Theory]
    [InlineData("1", 1000)]
    [InlineData("0.1", 100)]
    [InlineData("100u", 1)]
    [InlineData("1500000n", 2)]
    public void Milli_Fraction_IsRoundedUp(string quantity, long milli) => Assert.Equal(
        milli, ContainerResources.Milli(new Dictionary<string, ResourceQuantity> { ["cpu"] = new(quantity) }, "cpu"));

    [Fact]
    public void Bytes_OfAResourceThatIsNotThere_AreNone() => Assert.Null(
        ContainerResources.Bytes(new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1") }, "memory"));

    private static (long, long, long, long) Numbers(LinuxContainerResources resources) =>
        (resources.CpuShares, resources.CpuPeriod, resources.CpuQuota, resources.MemoryLimitInBytes);

    private static LinuxContainerResources Compute(
        Dictionary<string, ResourceQuantity>? requests,
        Dictionary<string, ResourceQuantity>? limits,
        CgroupOptions? options = null)
    {
        Pod pod = SamplePods.APod();
        V1Container container = pod.Spec.Containers[0];
        container.Resources = new V1ResourceRequirements { Requests = requests, Limits = limits };
        return ContainerResources.Compute(pod, container, options ?? CgroupOptions.Default);
    }
}
