using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>What LimitRanges and RuntimeClasses do to pods and claims.</summary>
public sealed class PodAdmissionTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    [Fact]
    public async Task LimitRange_WithDefaults_FillsWhatContainersDoNotSay()
    {
        string ns = await NamespaceAsync();
        await LimitAsync(ns, """{"type":"Container","default":{"cpu":"500m","memory":"64Mi"},"defaultRequest":{"cpu":"100m"}}""");

        JsonNode pod = await PodAsync(ns, """[{"name":"a","image":"x"},{"name":"b","image":"x","resources":{"requests":{"cpu":"1m"},"limits":{"cpu":"2m"}}}]""");

        JsonNode first = pod["spec"]!["containers"]![0]!["resources"]!;
        JsonNode second = pod["spec"]!["containers"]![1]!["resources"]!;
        Assert.Equal(("500m", "64Mi", "100m"), (first["limits"]!["cpu"]!.ToString(), first["limits"]!["memory"]!.ToString(), first["requests"]!["cpu"]!.ToString()));
        Assert.Equal(("2m", "64Mi", "1m"), (second["limits"]!["cpu"]!.ToString(), second["limits"]!["memory"]!.ToString(), second["requests"]!["cpu"]!.ToString()));
        Assert.Equal(
            "LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit for container a; memory request for container b; memory limit for container b",
            pod["metadata"]!["annotations"]!["kubernetes.io/limit-ranger"]!.ToString());
    }

    [Theory]
    [InlineData("""{"type":"Container","max":{"cpu":"1"}}""", """{"limits":{"cpu":"2"}}""", "maximum cpu usage per Container is 1, but limit is 2")]
    [InlineData("""{"type":"Pod","max":{"memory":"1Gi"}}""", """{"requests":{"cpu":"1"}}""", "maximum memory usage per Pod is 1Gi.  No limit is specified")]
    [InlineData("""{"type":"Container","min":{"cpu":"100m"}}""", """{"requests":{"cpu":"50m"}}""", "minimum cpu usage per Container is 100m, but request is 50m")]
    [InlineData("""{"type":"Pod","min":{"cpu":"100m"}}""", "{}", "minimum cpu usage per Pod is 100m.  No request is specified")]
    [InlineData("""{"type":"Container","maxLimitRequestRatio":{"cpu":"2"}}""", """{"requests":{"cpu":"100m"},"limits":{"cpu":"300m"}}""", "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000")]
    [InlineData("""{"type":"Pod","max":{"cpu":"300m"}}""", """{"limits":{"cpu":"200m"}}""", "maximum cpu usage per Pod is 300m, but limit is 400m")]
    public async Task LimitRange_PodBreaksIt_IsForbiddenSayingHow(string limit, string resources, string message)
    {
        string ns = await NamespaceAsync();
        await LimitAsync(ns, limit);

        (int code, JsonNode refused) = await CreateAsync(
            ns, $$$"""[{"name":"a","image":"x","resources":{{{resources}}}},{"name":"b","image":"x","resources":{{{resources}}}}]""");

        Assert.Equal((403, "Forbidden"), (code, refused["reason"]!.ToString()));
        Assert.StartsWith("pods \"p\" is forbidden: ", refused["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains(message, refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1Gi", 201)]
    [InlineData("3Gi", 403)]
    [InlineData("100Mi", 403)]
    public async Task LimitRange_OfClaims_HoldsThem(string size, int code)
    {
        string ns = await NamespaceAsync();
        await LimitAsync(ns, """{"type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"2Gi"}}""");

        (int answered, _) = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/persistentvolumeclaims", $$$"""
            {"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"{{{size}}}"} } } }
            """);

        Assert.Equal(code, answered);
    }

    [Fact]
    public async Task PriorityClass_OfThePod_IsItsPriority()
    {
        string ns = await NamespaceAsync();
        string name = $"urgent-{Guid.NewGuid():N}"[..16];
        await api.SendAsync(
            "POST", "/apis/scheduling.k8s.io/v1/priorityclasses", $$$"""{"metadata":{"name":"{{{name}}}"},"value":1234,"preemptionPolicy":"Never"}""");

        JsonNode pod = await PodAsync(ns, $$"""[{"name":"a","image":"x"}],"priorityClassName":"{{name}}" """);
        (int unknown, JsonNode refused) = await CreateAsync(ns, """[{"name":"a","image":"x"}],"priorityClassName":"none" """);
        (int forged, _) = await CreateAsync(ns, """[{"name":"a","image":"x"}],"priority":7 """);

        Assert.Equal(("1234", "Never"), (pod["spec"]!["priority"]!.ToString(), pod["spec"]!["preemptionPolicy"]!.ToString()));
        Assert.Equal((403, 403), (unknown, forged));
        Assert.EndsWith("no PriorityClass with name none was found", refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task StorageClass_ThatIsTheDefault_IsThatOfClaims()
    {
        string ns = await NamespaceAsync();
        const string claims = "persistentvolumeclaims";
        await api.SendAsync("POST", "/apis/storage.k8s.io/v1/storageclasses", """
            {"metadata":{"name":"standard","annotations":{"storageclass.kubernetes.io/is-default-class":"true"} },"provisioner":"x.io/y"}
            """);

        (_, JsonNode silent) = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/{claims}", Claim("a", ""));
        (_, JsonNode none) = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/{claims}", Claim("b", ""","storageClassName":"" """));
        await api.SendAsync("DELETE", "/apis/storage.k8s.io/v1/storageclasses/standard");

        Assert.Equal("standard", silent["spec"]!["storageClassName"]!.ToString());
        Assert.Equal("", none["spec"]!["storageClassName"]!.ToString());

        static string Claim(string name, string rest) => $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} }{{{rest}}} } }
            """;
    }

    [Fact]
    public async Task RuntimeClass_OfThePod_AddsOverheadAndPlaces()
    {
        string ns = await NamespaceAsync();
        string name = await RuntimeClassAsync();

        JsonNode pod = await PodAsync(
            ns, """[{"name":"a","image":"x"}],"nodeSelector":{"own":"1"},"runtimeClassName":"NAME" """.Replace("NAME", name, StringComparison.Ordinal));

        Assert.Equal("120Mi", pod["spec"]!["overhead"]!["memory"]!.ToString());
        Assert.Equal(("1", "yes"), (pod["spec"]!["nodeSelector"]!["own"]!.ToString(), pod["spec"]!["nodeSelector"]!["sandbox"]!.ToString()));
        Assert.Contains(pod["spec"]!["tolerations"]!.AsArray(), toleration => toleration!["key"]!.ToString() == "sandbox");
    }

    [Theory]
    [InlineData(""","runtimeClassName":"none-of-that-name" """, "pod rejected: RuntimeClass \"none-of-that-name\" not found")]
    [InlineData(""","runtimeClassName":"NAME","overhead":{"memory":"1Mi"}""", "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")]
    [InlineData(""","overhead":{"memory":"1Mi"}""", "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")]
    [InlineData(""","runtimeClassName":"NAME","nodeSelector":{"sandbox":"no"}""", "conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes; pod.spec.nodeSelector[sandbox] = no")]
    public async Task RuntimeClass_DoesNotFit_IsForbidden(string rest, string message)
    {
        string ns = await NamespaceAsync();
        string name = await RuntimeClassAsync();

        (int code, JsonNode refused) = await CreateAsync(
            ns, $$"""[{"name":"a","image":"x"}]{{rest.Replace("NAME", name, StringComparison.Ordinal)}}""");

        Assert.True(code == 403, refused.ToJsonString());
        Assert.Equal($"pods \"p\" is forbidden: {message}", refused["message"]!.ToString());
    }

    private async Task<string> RuntimeClassAsync()
    {
        string name = $"sandboxed-{Guid.NewGuid():N}"[..20];
        (int code, JsonNode made) = await api.SendAsync("POST", "/apis/node.k8s.io/v1/runtimeclasses", $$$"""
            {"metadata":{"name":"{{{name}}}"},"handler":"runsc","overhead":{"podFixed":{"memory":"120Mi"} },
             "scheduling":{"nodeSelector":{"sandbox":"yes"},"tolerations":[{"key":"sandbox","operator":"Exists"}]} }
            """);
        Assert.True(code == 201, made.ToJsonString());
        return name;
    }

    private async Task LimitAsync(string ns, string limit)
    {
        (int code, JsonNode made) = await api.SendAsync(
            "POST", $"/api/v1/namespaces/{ns}/limitranges", $$$"""{"metadata":{"name":"l"},"spec":{"limits":[{{{limit}}}]}}""");
        Assert.True(code == 201, made.ToJsonString());
    }

    private async Task<JsonNode> PodAsync(string ns, string containers)
    {
        (int code, JsonNode made) = await CreateAsync(ns, containers);
        Assert.True(code == 201, made.ToJsonString());
        return made;
    }

    /// <param name="ns">Where.</param>
    /// <param name="containers">The list, and whatever follows it in the spec.</param>
    private Task<(int Code, JsonNode Body)> CreateAsync(string ns, string containers) => api.SendAsync(
        "POST",
        $"/api/v1/namespaces/{ns}/pods",
        $$$"""{"metadata":{"name":"p"},"spec":{"automountServiceAccountToken":false,"containers":{{{containers}}}}}""");

    private async Task<string> NamespaceAsync()
    {
        string ns = (await api.ConfigMapsAsync()).Split('/')[4];
        await api.AccountAsync(ns);
        return ns;
    }
}
