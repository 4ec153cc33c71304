using k8s.Models;

using Noded.Api.Pods;

namespace Noded.Api.Tests.Pods;

public sealed class PodExtensionsTests
{
    [Theory]
    [InlineData("", "", QosClass.BestEffort)]
    [InlineData("cpu=0", "", QosClass.BestEffort)]
    [InlineData("ephemeral-storage=1Gi", "", QosClass.BestEffort)]
    [InlineData("cpu=100m", "", QosClass.Burstable)]
    [InlineData("", "memory=1Gi", QosClass.Burstable)]
    [InlineData("cpu=1,memory=1Gi", "cpu=1,memory=1Gi", QosClass.Guaranteed)]
    [InlineData("cpu=1000m,memory=1024Mi", "cpu=1,memory=1Gi", QosClass.Guaranteed)]
    [InlineData("", "cpu=1,memory=1Gi", QosClass.Guaranteed)]
    [InlineData("cpu=500m,memory=1Gi", "cpu=1,memory=1Gi", QosClass.Burstable)]
    public void QosClass_OneContainer_IsUpstreams(string requests, string limits, QosClass expected) =>
        Assert.Equal(expected, APod(AContainer(requests, limits)).QosClass());

    [Fact]
    public void QosClass_OneOfTwoContainersIsBare_IsBurstable() => Assert.Equal(
        QosClass.Burstable,
        APod(AContainer("cpu=1,memory=1Gi", "cpu=1,memory=1Gi"), AContainer("", "")).QosClass());

    [Fact]
    public void QosClass_PodLevelResources_StandForAllContainers()
    {
        V1Pod pod = APod(AContainer("", ""), AContainer("cpu=1", ""));
        pod.Spec.Resources = Resources("cpu=2,memory=1Gi", "cpu=2,memory=1Gi");

        Assert.Equal(QosClass.Guaranteed, pod.QosClass());
    }

    [Theory]
    [InlineData(null, null, null, false)]
    [InlineData("file", null, null, true)]
    [InlineData("api", null, null, false)]
    [InlineData(null, 1_999_999_999, null, false)]
    [InlineData(null, 2_000_000_000, null, true)]
    [InlineData(null, null, "system-node-critical", true)]
    [InlineData(null, null, "ordinary", false)]
    public void IsCritical_SourceAndPriority_Decide(string? source, int? priority, string? className, bool expected)
    {
        V1Pod pod = APod();
        (pod.Spec.Priority, pod.Spec.PriorityClassName) = (priority, className);
        if (source is not null)
        {
            pod.Metadata.Annotations = new Dictionary<string, string> { [PodExtensions.ConfigSourceAnnotation] = source };
        }

        Assert.Equal(expected, pod.IsCritical());
        Assert.Equal(source == "file", pod.IsStatic());
    }

    [Theory]
    [InlineData("web", "latest")]
    [InlineData("web:latest", "latest")]
    [InlineData("web:1.2", "1.2")]
    [InlineData("registry:5000/web", "latest")]
    [InlineData("registry:5000/web:3", "3")]
    [InlineData("web@sha256:0123", "")]
    [InlineData("web:latest@sha256:0123", "latest")]
    [InlineData("", "")]
    public void ImageTag_Of_ReadsTheTag(string image, string tag) => Assert.Equal(tag, ImageTag.Of(image));

    private static V1Pod APod(params V1Container[] containers) =>
        new() { Metadata = new V1ObjectMeta { Name = "web" }, Spec = new V1PodSpec { Containers = containers } };

    private static V1Container AContainer(string requests, string limits) =>
        new() { Resources = Resources(requests, limits) };

    private static V1ResourceRequirements Resources(string requests, string limits) =>
        new() { Requests = Map(requests), Limits = Map(limits) };

    private static Dictionary<string, ResourceQuantity> Map(string text) => text
        .Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(entry => entry.Split('='))
        .ToDictionary(entry => entry[0], entry => new ResourceQuantity(entry[1]));
}
