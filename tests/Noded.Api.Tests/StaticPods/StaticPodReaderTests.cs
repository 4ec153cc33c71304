using System.Text;

using k8s.Models;

using Noded.Api.Pods;
using Noded.Api.Serialization;
using Noded.Api.StaticPods;

namespace Noded.Api.Tests.StaticPods;

public sealed class StaticPodReaderTests
{
    private static readonly DateTimeOffset Seen = new(2026, 3, 4, 5, 6, 7, 80, TimeSpan.FromHours(1));

    [Theory]
    [InlineData("full.yaml", "kube-system/web-node1")]
    [InlineData("list.yaml", "default/a-node1", "default/b-node1")]
    [InlineData("stream.yaml", "default/a-node1", "default/b-node1")]
    [InlineData("minimal.json", "default/web-node1")]
    public void Read_GoodManifest_HasThesePods(string name, params string[] pods)
    {
        StaticPodFile file = ReadGood(name);

        Assert.Equal("", string.Join('\n', file.Errors));
        Assert.Equal(pods, file.Pods.Select(pod => pod.NamespacedName().ToString()));
        Assert.All(file.Pods, pod => Assert.Equal(ApiJson.Serialize(pod), ApiJson.Serialize(ApiJson.Clone(pod))));
    }

    [Fact]
    public void Read_MinimalManifest_IsThisPod()
    {
        V1Pod pod = Assert.Single(ReadGood("minimal.json").Pods);

        string expected = $$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"annotations":{"kubernetes.io/config.hash":"{{{pod.Metadata.Uid}}}",
            "kubernetes.io/config.source":"file","kubernetes.io/config.seen":"2026-03-04T04:06:07.08Z"},
            "name":"web-node1","namespace":"default","uid":"{{{pod.Metadata.Uid}}}"},
            "spec":{"containers":[{"image":"registry.test/web","imagePullPolicy":"Always","name":"web","resources":{},
            "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],
            "dnsPolicy":"ClusterFirst","enableServiceLinks":true,"nodeName":"node1","restartPolicy":"Always",
            "schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30,
            "tolerations":[{"effect":"NoExecute","operator":"Exists"}]},"status":{"phase":"Pending"}}
            """;
        Assert.Equal(expected.ReplaceLineEndings(""), ApiJson.Serialize(pod));
        Assert.Matches("^[0-9a-f]{32}$", pod.Metadata.Uid);
    }

    [Fact]
    public void Read_FullManifest_IsDefaulted()
    {
        V1PodSpec spec = Assert.Single(ReadGood("full.yaml").Pods).Spec;
        V1Container web = Assert.Single(spec.Containers);

        Assert.Equal(["Always", "IfNotPresent"], spec.InitContainers.Select(container => container.ImagePullPolicy));
        Assert.Equal([8080, 53, 53], web.Ports.Select(port => port.HostPort));
        Assert.Equal(["TCP", "UDP", "TCP"], web.Ports.Select(port => port.Protocol));
        Assert.Equal(("/", "HTTP"), (web.LivenessProbe.HttpGet.Path, web.LivenessProbe.HttpGet.Scheme));
        Assert.Equal((10, 1, 2, 3), (
            web.ReadinessProbe.PeriodSeconds,
            web.ReadinessProbe.TimeoutSeconds,
            web.ReadinessProbe.SuccessThreshold,
            web.ReadinessProbe.FailureThreshold));
        Assert.Equal(
            ["cpu=100m", "hugepages-2Mi=4Mi", "memory=1536Mi"],
            web.Resources.Requests.Select(request => $"{request.Key}={request.Value}").Order());
        Assert.Equal("500m", web.Resources.Limits["cpu"].ToString());
        Assert.NotNull(spec.Volumes[0].EmptyDir);
        Assert.Equal(256, spec.Volumes[2].Projected.DefaultMode);
        Assert.Equal("v1", web.Env[0].ValueFrom.FieldRef.ApiVersion);
        Assert.Equal(2, spec.Tolerations.Count);
    }

    [Fact]
    public void Read_Uid_DependsOnNodeFileAndObjectOnly()
    {
        const string Yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n";
        const string Reordered = "# note\nkind: Pod\napiVersion: v1\nspec: {containers: [{image: a, name: a}]}\nmetadata: {name: a}\n";
        string uid = Uid(Yaml);

        Assert.Equal(uid, Uid(Reordered));
        Assert.NotEqual(uid, Uid(Yaml.Replace("image: a", "image: b", StringComparison.Ordinal)));
        Assert.NotEqual(uid, Uid(Yaml, file: "/m/b.yaml"));
        Assert.NotEqual(uid, Uid(Yaml, node: "node2"));
        Assert.Equal("mine", Uid(Yaml.Replace("{name: a}\n", "{name: a, uid: mine}\n", StringComparison.Ordinal)));
    }

    [Fact]
    public void Read_OneBadPod_RefusesTheFileWithAllErrors()
    {
        const string Yaml = """
            apiVersion: v1
            kind: Pod
            metadata: {name: good}
            spec: {containers: [{name: a, image: a}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: bad}
            spec:
              containers:
              - name: A
              - name: b
                image: b
                tty: maybe
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: worse}
            spec:
              containers: []
            """;

        StaticPodFile file = StaticPodReader.Read("w.yaml", Encoding.UTF8.GetBytes(Yaml), "n", Seen);

        Assert.False(file.IsValid);
        Assert.Empty(file.Pods);
        Assert.Equal(
            [
                "w.yaml:14: spec.containers[1].tty: cannot unmarshal string into bool",
                "w.yaml:20: spec.containers: Required value",
            ],
            file.Errors.Select(error => error.ToString()));
    }

    [Fact]
    public void Read_RandomlyBrokenManifest_EitherReadsOrExplains()
    {
        Random random = new(11);
        byte[] original = File.ReadAllBytes(PathOf("full.yaml"));
        for (int i = 0; i < 500; i++)
        {
            byte[] content = [.. original];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                content[random.Next(content.Length)] = (byte)random.Next(32, 127);
            }

            StaticPodFile file = StaticPodReader.Read("f.yaml", content, "n", Seen);
            Assert.NotEqual(file.Pods.IsEmpty, file.Errors.IsEmpty);
        }
    }

    private static StaticPodFile ReadGood(string name) =>
        StaticPodReader.Read(PathOf(name), File.ReadAllBytes(PathOf(name)), "node1", Seen);

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Manifests", "good", name);

    private static string Uid(string yaml, string file = "/m/a.yaml", string node = "node1") =>
        Assert.Single(StaticPodReader.Read(file, Encoding.UTF8.GetBytes(yaml), node, Seen).Pods).Metadata.Uid;
}
