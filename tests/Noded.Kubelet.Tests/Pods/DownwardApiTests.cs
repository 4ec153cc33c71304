using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Pods;

public sealed class DownwardApiTests
{
    private static readonly NodeFacts Node =
        new("node1", ["192.0.2.1", "2001:db8::1"], MilliCpu: 1500, Memory: 3L << 30, EphemeralStorage: 1L << 40);

    private static readonly ImmutableArray<string> PodIps = ["10.244.0.2", "fd00::2"];

    [Theory]
    [InlineData("metadata.name", "web")]
    [InlineData("metadata.namespace", "shop")]
    [InlineData("metadata.uid", "u1")]
    [InlineData("metadata.labels['app']", "a")]
    [InlineData("metadata.labels['example.com/x']", "y")]
    [InlineData("metadata.labels['none']", "")]
    [InlineData("metadata.annotations['note']", "n")]
    [InlineData("spec.nodeName", "node1")]
    [InlineData("spec.serviceAccountName", "")]
    [InlineData("status.hostIP", "192.0.2.1")]
    [InlineData("status.hostIPs", "192.0.2.1,2001:db8::1")]
    [InlineData("status.podIP", "10.244.0.2")]
    [InlineData("status.podIPs", "10.244.0.2,fd00::2")]
    public void Field_OfThePod_IsItsValue(string field, string value) =>
        Assert.Equal(value, DownwardApi.Field(APod(), field, Node, PodIps));

    [Fact]
    public void Field_PodWithoutNetwork_HasNoAddress() =>
        Assert.Equal("", DownwardApi.Field(APod(), "status.podIP", Node, []));

    [Theory]
    [InlineData("limits.cpu", null, "1")]
    [InlineData("limits.cpu", "1m", "250")]
    [InlineData("requests.cpu", "1m", "100")]
    [InlineData("limits.memory", null, "67108864")]
    [InlineData("limits.memory", "1Mi", "64")]
    [InlineData("limits.memory", "1G", "1")]
    [InlineData("requests.memory", null, "0")]
    [InlineData("limits.ephemeral-storage", "1Gi", "1024")]
    public void Resource_OfTheContainer_IsRoundedUpToTheDivisor(string resource, string? divisor, string value) =>
        Assert.Equal(value, Resource(resource, divisor));

    [Theory]
    [InlineData("limits.cpu", "1m", "1500")]
    [InlineData("limits.memory", "1Gi", "3")]
    [InlineData("requests.cpu", "1m", "0")]
    public void Resource_ContainerWithoutLimits_MayHaveWhatTheNodeHas(string resource, string divisor, string value) =>
        Assert.Equal(value, Resource(resource, divisor, "free"));

    [Fact]
    public void Resource_OfAContainerThatIsNotThere_IsThePodsMistake() => Assert.Equal(
        "container gone not found",
        Assert.Throws<PodConfigException>(() => Resource("limits.cpu", null, "gone")).Message);

    private static string Resource(string resource, string? divisor, string? container = null)
    {
        Pod pod = APod();
        V1ResourceFieldSelector selector = new()
        {
            Resource = resource,
            Divisor = divisor is null ? null : new ResourceQuantity(divisor),
            ContainerName = container,
        };
        return DownwardApi.Resource(pod, pod.Spec.Containers[0], selector, Node);
    }

    private static Pod APod() => new(new PodUid("u1"), new NamespacedName("shop", "web"), new V1Pod
    {
        Metadata = new V1ObjectMeta
        {
            Labels = new Dictionary<string, string> { ["app"] = "a", ["example.com/x"] = "y" },
            Annotations = new Dictionary<string, string> { ["note"] = "n" },
        },
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container
                {
                    Name = "own",
                    Resources = new V1ResourceRequirements
                    {
                        Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("250m"), ["memory"] = new("64Mi") },
                        Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("100m") },
                    },
                },
                new V1Container { Name = "free" },
            ],
        },
    });
}
