using System.Text;

using k8s.Models;

using Noded.Api.Defaults;
using Noded.Api.Serialization;
using Noded.Api.Yaml;

namespace Noded.Api.Tests.Defaults;

public sealed class PodDefaultsTests
{
    [Fact]
    public void Apply_Twice_ChangesNothingMore()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Manifests", "good", "full.yaml");
        V1Pod pod = ApiJson.ReadPod(Assert.Single(SourceReader.Read("full.yaml", File.ReadAllBytes(path))));

        PodDefaults.Apply(pod);
        string once = ApiJson.Serialize(pod);
        PodDefaults.Apply(pod);

        Assert.Equal(once, ApiJson.Serialize(pod));
    }

    [Theory]
    [InlineData("{limits: {cpu: '2', memory: 1Gi}}", "cpu=300m memory=1Gi")]
    [InlineData("{limits: {cpu: '2'}, requests: {cpu: '1'}}", "cpu=1")]
    [InlineData("{requests: {cpu: '1'}}", "cpu=1")]
    public void Apply_PodLevelResources_ComeFromContainersThenLimits(string resources, string requests)
    {
        V1PodSpec spec = Defaulted($$$$"""
            resources: {{{{resources}}}}
            initContainers:
            - {name: one, image: a, resources: {requests: {cpu: 50m}}}
            - {name: side, image: a, restartPolicy: Always, resources: {requests: {cpu: 200m}}}
            containers:
            - {name: web, image: a, resources: {requests: {cpu: 100m}}}
            """);

        Assert.Equal(requests, string.Join(' ', spec.Resources.Requests.Select(pair => $"{pair.Key}={pair.Value}").Order()));
    }

    [Fact]
    public void Apply_FineQuantities_AreRoundedUpToMilli()
    {
        V1PodSpec spec = Defaulted("containers: [{name: a, image: a, resources: {limits: {cpu: 1u}}}]");

        Assert.Equal("1m", spec.Containers[0].Resources.Limits["cpu"].ToString());
        Assert.Equal("1m", spec.Containers[0].Resources.Requests["cpu"].ToString());
    }

    [Fact]
    public void Apply_OldServiceAccountField_IsTheNewOne() =>
        Assert.Equal("builder", Defaulted("serviceAccount: builder").ServiceAccountName);

    private static V1PodSpec Defaulted(string spec)
    {
        string yaml = "apiVersion: v1\nkind: Pod\nspec:\n" + string.Join('\n', spec.ReplaceLineEndings("\n").Split('\n').Select(line => "  " + line));
        V1Pod pod = ApiJson.ReadPod(Assert.Single(SourceReader.Read("p", Encoding.UTF8.GetBytes(yaml))));
        PodDefaults.Apply(pod);
        return pod.Spec;
    }
}
