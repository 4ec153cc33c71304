using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Tests.Pods;
using Noded.Kubelet.Volumes;

namespace Noded.Kubelet.Tests.Volumes;

public sealed class DesiredVolumesTests
{
    private const long NodeMemory = 1000;

    [Fact]
    public void Compute_EmptyDir_IsInUpstreamsPlaceWithThePodsGroup()
    {
        Pod pod = SamplePods.APod();
        pod.Spec.SecurityContext = new V1PodSecurityContext { FsGroup = 77 };
        pod.Spec.Volumes = [new V1Volume { Name = "cache", EmptyDir = new V1EmptyDirVolumeSource() }];

        Assert.Equal(
            new DesiredVolume.EmptyDir(
                "cache", "/pods/u1/volumes/kubernetes.io~empty-dir/cache",
                "/pods/u1/plugins/kubernetes.io~empty-dir/cache/ready", 77, EmptyDirMedium.Disk),
            Assert.Single(DesiredVolumes.Compute(pod, "/pods/u1", NodeMemory)));
    }

    [Fact]
    public void Compute_HostPath_IsTheHosts()
    {
        Pod pod = SamplePods.APod();
        pod.Spec.Volumes = [new V1Volume { Name = "etc", HostPath = new V1HostPathVolumeSource { Path = "/etc", Type = "Directory" } }];

        Assert.Equal(
            new DesiredVolume.HostPath("etc", "/etc", "Directory"),
            Assert.Single(DesiredVolumes.Compute(pod, "/pods/u1", NodeMemory)));
    }

    [Theory]
    [InlineData(null, "", "", "", 1000)]
    [InlineData("300", "", "", "", 300)]
    [InlineData("2000", "", "", "", 1000)]
    [InlineData("0", "", "", "", 1000)]
    [InlineData("300", "100", "100", "", 200)]
    [InlineData("150", "100", "100", "", 150)]
    [InlineData(null, "100", "", "", 1000)]
    [InlineData(null, "100", "100", "500", 500)]
    [InlineData(null, "100", "100", "50", 200)]
    [InlineData(null, "100", "100", "none", 1000)]
    public void Compute_EmptyDirInMemory_HasTheLeastOfItsLimits(
        string? sizeLimit, string one, string two, string init, long expected)
    {
        Pod pod = SamplePods.APod(containers: ["one", "two"], inits: init.Length == 0 ? null : ["init"]);
        Limit(pod.Spec.Containers[0], one);
        Limit(pod.Spec.Containers[1], two);
        if (init is not ("" or "none"))
        {
            Limit(pod.Spec.InitContainers[0], init);
        }

        pod.Spec.Volumes =
        [
            new V1Volume
            {
                Name = "v",
                EmptyDir = new V1EmptyDirVolumeSource
                {
                    Medium = "Memory", SizeLimit = sizeLimit is null ? null : new ResourceQuantity(sizeLimit),
                },
            },
        ];

        DesiredVolume volume = Assert.Single(DesiredVolumes.Compute(pod, "/pods/u1", NodeMemory));

        Assert.Equal(new EmptyDirMedium.InMemory(expected), Assert.IsType<DesiredVolume.EmptyDir>(volume).Medium);
    }

    [Theory]
    [InlineData("HugePages", "hugepages-2Mi", "", "2097152")]
    [InlineData("HugePages", "hugepages-2Mi", "hugepages-2Mi", "2097152")]
    [InlineData("HugePages-1Gi", "hugepages-2Mi", "hugepages-1Gi", "1073741824")]
    [InlineData("HugePages", "memory", "", "medium HugePages needs a container that requests huge pages")]
    [InlineData("HugePages", "hugepages-2Mi", "hugepages-1Gi", "medium HugePages cannot be used when containers request huge pages of several sizes")]
    [InlineData("HugePages-1Gi", "hugepages-2Mi", "", "medium HugePages-1Gi needs a container that requests hugepages-1Gi")]
    public void Compute_EmptyDirInHugePages_IsOfTheSizeThatContainersRequest(
        string medium, string requested, string byInit, string expected)
    {
        Pod pod = SamplePods.APod(containers: ["one"], inits: ["init"]);
        Request(pod.Spec.Containers[0], requested);
        Request(pod.Spec.InitContainers[0], byInit);
        pod.Spec.Volumes = [new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource { Medium = medium } }];

        DesiredVolume volume = Assert.Single(DesiredVolumes.Compute(pod, "/pods/u1", NodeMemory));

        Assert.Equal(expected, Assert.IsType<DesiredVolume.EmptyDir>(volume).Medium switch
        {
            EmptyDirMedium.InHugePages { PageBytes: long bytes } => $"{bytes}",
            EmptyDirMedium.Unavailable { Message: string message } => message,
            var other => $"{other}",
        });
    }

    private static void Request(V1Container container, string resource)
    {
        if (resource.Length > 0)
        {
            container.Resources = new V1ResourceRequirements
            {
                Requests = new Dictionary<string, ResourceQuantity> { [resource] = new("1Gi") },
            };
        }
    }

    private static void Limit(V1Container container, string memory)
    {
        if (memory.Length > 0)
        {
            container.Resources = new V1ResourceRequirements
            {
                Limits = new Dictionary<string, ResourceQuantity> { ["memory"] = new(memory) },
            };
        }
    }
}
