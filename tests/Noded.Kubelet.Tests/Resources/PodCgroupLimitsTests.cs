using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;
using Noded.Kubelet.Tests.Pods;
using Noded.Linux.Cgroups;

namespace Noded.Kubelet.Tests.Resources;

public sealed class PodCgroupLimitsTests
{
    private static readonly ImmutableArray<HugePageSize> Sizes = [new("hugepages-2Mi", "2MB", 2 << 20), new("hugepages-1Gi", "1GB", 1 << 30)];

    [Fact]
    public void Compute_BestEffort_HasTheSmallestShareAndNoLimit()
    {
        CgroupLimits limits = Compute(SamplePods.APod());

        Assert.Equal((2, null, null, -1), (limits.CpuShares, limits.CpuQuota, limits.Memory, limits.Pids));
        Assert.All(limits.HugePages, size => Assert.Equal(0, size.Value));
    }

    [Fact]
    public void Compute_EveryContainerHasLimits_SumsThem()
    {
        CgroupLimits limits = Compute(Pod(("500m", "64Mi"), ("1", "32Mi")));

        Assert.Equal(
            (1536, TimeSpan.FromMilliseconds(150), 96 << 20), (limits.CpuShares, limits.CpuQuota, limits.Memory));
    }

    [Fact]
    public void Compute_OneContainerWithoutALimit_HasNone()
    {
        CgroupLimits limits = Compute(Pod(("500m", "64Mi"), (null, null)));

        Assert.Equal((512, null, null), (limits.CpuShares, limits.CpuQuota, limits.Memory));
    }

    [Fact]
    public void Compute_ThePodSaysItself_IsThatWhateverItsContainersSay()
    {
        Pod pod = Pod(("500m", "64Mi"), (null, null));
        pod.Spec.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("2"), ["memory"] = new("64Mi") },
            Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("3"), ["memory"] = new("128Mi") },
        };

        CgroupLimits limits = Compute(pod);

        Assert.Equal(
            (2048, TimeSpan.FromMilliseconds(300), 128 << 20), (limits.CpuShares, limits.CpuQuota, limits.Memory));
    }

    [Fact]
    public void Compute_RuntimeTakesSomething_IsAddedToRequestsAndToLimitsThatThereAre()
    {
        Dictionary<string, ResourceQuantity> overhead = new() { ["cpu"] = new("250m"), ["memory"] = new("32Mi") };
        Pod limited = Pod(("500m", "64Mi"));
        limited.Spec.Overhead = overhead;
        Pod unlimited = Pod(("500m", "64Mi"), (null, null));
        unlimited.Spec.Overhead = overhead;

        CgroupLimits limits = Compute(limited);
        Assert.Equal(
            (768, TimeSpan.FromMilliseconds(75), 96 << 20), (limits.CpuShares, limits.CpuQuota, limits.Memory));
        limits = Compute(unlimited);
        Assert.Equal((768, null, null), (limits.CpuShares, limits.CpuQuota, limits.Memory));
    }

    [Fact]
    public void Compute_OptionsOfTheNode_AreThere()
    {
        CgroupLimits limits = PodCgroupLimits.Compute(
            Pod(("500m", "64Mi")), new CgroupOptions(100, false, TimeSpan.FromMilliseconds(20)), [], [new IoLimit("8:0")]);

        Assert.Equal((null, 100, "8:0"), (limits.CpuQuota, limits.Pids, Assert.Single(limits.Io).Device));
    }

    [Fact]
    public void Compute_HugePages_AreThoseThatAreNamed()
    {
        Pod pod = Pod(("500m", "64Mi"));
        pod.Spec.Containers[0].Resources.Limits["hugepages-2Mi"] = new ResourceQuantity("4Mi");

        ImmutableDictionary<string, long> pages = Compute(pod).HugePages;

        Assert.Equal((4L << 20, 0L), (pages["2MB"], pages["1GB"]));
    }

    private static CgroupLimits Compute(Pod pod) => PodCgroupLimits.Compute(pod, CgroupOptions.Default, Sizes, []);

    private static Pod Pod(params (string? Cpu, string? Memory)[] limits)
    {
        Pod pod = SamplePods.APod(containers: [.. limits.Select((_, i) => $"c{i}")]);
        foreach ((V1Container container, (string? cpu, string? memory)) in pod.Spec.Containers.Zip(limits))
        {
            if (cpu is not null)
            {
                Dictionary<string, ResourceQuantity> amounts = new() { ["cpu"] = new(cpu), ["memory"] = new(memory!) };
                container.Resources = new V1ResourceRequirements { Limits = amounts, Requests = amounts };
            }
        }

        return pod;
    }
}
