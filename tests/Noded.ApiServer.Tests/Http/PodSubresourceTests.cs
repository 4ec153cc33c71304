using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>Binding, eviction, resize and ephemeral containers.</summary>
public sealed class PodSubresourceTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Merge = "application/merge-patch+json";
    private const string Strategic = "application/strategic-merge-patch+json";

    [Fact]
    public async Task Binding_PodWithoutNode_GetsItOnce()
    {
        string pod = await PodAsync();

        (int code, JsonNode status) = await api.SendAsync("POST", $"{pod}/binding", Binding("node-1"));
        (int again, JsonNode refused) = await api.SendAsync("POST", $"{pod}/binding", Binding("node-2"));
        (_, JsonNode bound) = await api.SendAsync("GET", pod);

        Assert.Equal((201, "Success"), (code, status["status"]!.ToString()));
        Assert.Equal((409, "Conflict"), (again, refused["reason"]!.ToString()));
        Assert.Contains("pod p is already assigned to node \"node-1\"", refused["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("node-1", bound["spec"]!["nodeName"]!.ToString());
        Assert.Equal("yes", bound["metadata"]!["annotations"]!["chosen"]!.ToString());
        JsonNode condition = Assert.Single(bound["status"]!["conditions"]!.AsArray())!;
        Assert.Equal(("PodScheduled", "True"), (condition["type"]!.ToString(), condition["status"]!.ToString()));
    }

    [Theory]
    [InlineData("""{"target":{"kind":"Node","name":"n"},"metadata":{"name":"p","uid":"other"}}""", 409)]
    [InlineData("""{"target":{"kind":"Node"},"metadata":{"name":"p"}}""", 422)]
    [InlineData("""{"target":{"kind":"Pod","name":"n"},"metadata":{"name":"p"}}""", 422)]
    public async Task Binding_Wrong_IsRefusedAndChangesNothing(string binding, int code)
    {
        string pod = await PodAsync();

        (int answered, _) = await api.SendAsync("POST", $"{pod}/binding", binding);
        (_, JsonNode unbound) = await api.SendAsync("GET", pod);

        Assert.Equal(code, answered);
        Assert.Null(unbound["spec"]!["nodeName"]);
    }

    [Fact]
    public async Task Binding_DryRun_ChangesNothing()
    {
        string pod = await PodAsync();

        (int code, _) = await api.SendAsync("POST", $"{pod}/binding?dryRun=All", Binding("node-1"));
        (_, JsonNode unbound) = await api.SendAsync("GET", pod);

        Assert.Equal(201, code);
        Assert.Null(unbound["spec"]!["nodeName"]);
    }

    [Fact]
    public async Task Eviction_BudgetIsUsedUp_IsRefusedUntilItAllowsMore()
    {
        string pod = await RunningPodAsync(isReady: true);
        string budget = await BudgetAsync(pod, "b", """{"disruptionsAllowed":0,"desiredHealthy":1,"currentHealthy":1,"observedGeneration":1}""");

        (int code, JsonNode refused) = await api.SendAsync("POST", $"{pod}/eviction", Eviction);
        await api.SendAsync("PATCH", $"{budget}/status", """{"status":{"disruptionsAllowed":1}}""", Merge);
        (int dry, _) = await api.SendAsync("POST", $"{pod}/eviction?dryRun=All", Eviction);
        (int evicted, _) = await api.SendAsync("POST", $"{pod}/eviction", Eviction);
        (_, JsonNode after) = await api.SendAsync("GET", budget);
        (int gone, JsonNode marked) = await api.SendAsync("GET", pod);

        Assert.Equal((429, "TooManyRequests"), (code, refused["reason"]!.ToString()));
        Assert.Equal("Cannot evict pod as it would violate the pod's disruption budget.", refused["message"]!.ToString());
        JsonNode cause = refused["details"]!["causes"]![0]!;
        Assert.Equal("DisruptionBudget", cause["reason"]!.ToString());
        Assert.Equal("The disruption budget b needs 1 healthy pods and has 1 currently", cause["message"]!.ToString());
        Assert.Equal((201, 201), (dry, evicted));
        Assert.Equal("0", after["status"]!["disruptionsAllowed"]!.ToString());
        Assert.NotNull(after["status"]!["disruptedPods"]!["p"]);
        Assert.Equal(200, gone);
        Assert.NotNull(marked["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task Eviction_BudgetNotYetObserved_AsksToComeBack()
    {
        string pod = await RunningPodAsync(isReady: true);
        await BudgetAsync(pod, "b", """{"disruptionsAllowed":5,"observedGeneration":0}""");

        (int code, JsonNode refused) = await api.SendAsync("POST", $"{pod}/eviction", Eviction);

        Assert.Equal(429, code);
        Assert.Equal("10", refused["details"]!["retryAfterSeconds"]!.ToString());
        Assert.Equal("The disruption budget b is still being processed by the server.", refused["details"]!["causes"]![0]!["message"]!.ToString());
    }

    [Theory]
    [InlineData("AlwaysAllow", 0, 201)]
    [InlineData("IfHealthyBudget", 0, 429)]
    [InlineData("IfHealthyBudget", 1, 201)]
    public async Task Eviction_PodIsNotReady_GoesAsThePolicySays(string policy, int healthy, int code)
    {
        string pod = await RunningPodAsync(isReady: false);
        await BudgetAsync(
            pod, "b", $$"""{"disruptionsAllowed":0,"desiredHealthy":1,"currentHealthy":{{healthy}},"observedGeneration":1}""", policy);

        (int answered, _) = await api.SendAsync("POST", $"{pod}/eviction", Eviction);

        Assert.Equal(code, answered);
    }

    [Fact]
    public async Task Eviction_TwoBudgets_IsAnError()
    {
        string pod = await RunningPodAsync(isReady: true);
        await BudgetAsync(pod, "b", "{}");
        await BudgetAsync(pod, "c", "{}");

        (int code, JsonNode refused) = await api.SendAsync("POST", $"{pod}/eviction", Eviction);

        Assert.Equal(500, code);
        Assert.Contains("This pod has more than one PodDisruptionBudget", refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eviction_PodThatDoesNotRun_NeedsNoBudget()
    {
        string pod = await PodAsync();
        await BudgetAsync(pod, "b", """{"disruptionsAllowed":0,"observedGeneration":1}""");

        (int code, _) = await api.SendAsync("POST", $"{pod}/eviction", Eviction);
        (int gone, _) = await api.SendAsync("GET", pod);

        Assert.Equal((201, 404), (code, gone));
    }

    [Fact]
    public async Task Resize_Resources_ChangesThemAndNothingElse()
    {
        string pod = await PodAsync();

        (int code, JsonNode resized) = await api.SendAsync(
            "PATCH",
            $"{pod}/resize",
            """{"metadata":{"labels":{"sneaked":"in"}},"spec":{"containers":[{"name":"c","image":"sneaked","resources":{"requests":{"cpu":"20m"}}}]}}""",
            Strategic);
        (int direct, JsonNode refused) = await api.SendAsync(
            "PATCH", pod, """{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"30m"}}}]}}""", Strategic);

        JsonNode container = resized["spec"]!["containers"]![0]!;
        Assert.Equal(200, code);
        Assert.Equal(("20m", "x"), (container["resources"]!["requests"]!["cpu"]!.ToString(), container["image"]!.ToString()));
        Assert.Null(resized["metadata"]!["labels"]!["sneaked"]);
        Assert.Equal("2", resized["metadata"]!["generation"]!.ToString());
        Assert.Equal((422, "Invalid"), (direct, refused["reason"]!.ToString()));
        Assert.Contains("pod updates may not change fields other than", refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"requests":{"ephemeral-storage":"1Gi"}}""", "only cpu and memory resources are mutable")]
    [InlineData("""{"limits":{"cpu":"10m","memory":"16Mi"},"requests":{"memory":"16Mi"}}""", "Pod QOS Class may not change as a result of resizing")]
    public async Task Resize_MoreThanThat_IsRefused(string resources, string message)
    {
        string pod = await PodAsync();

        (int code, JsonNode refused) = await api.SendAsync(
            "PATCH", $"{pod}/resize", $$$"""{"spec":{"containers":[{"name":"c","resources":{{{resources}}}}]}}""", Strategic);

        Assert.Equal(422, code);
        Assert.Contains(message, refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EphemeralContainers_Added_AreThereAndStay()
    {
        string pod = await PodAsync();
        const string added = """{"spec":{"ephemeralContainers":[{"name":"debug","image":"tools","targetContainerName":"c"}]}}""";

        (int code, JsonNode changed) = await api.SendAsync("PATCH", $"{pod}/ephemeralcontainers", added, Strategic);
        (int edited, JsonNode refused) = await api.SendAsync(
            "PATCH", $"{pod}/ephemeralcontainers", """{"spec":{"ephemeralContainers":[{"name":"debug","image":"other"}]}}""", Strategic);
        (int direct, _) = await api.SendAsync(
            "PATCH", pod, """{"spec":{"ephemeralContainers":[{"name":"more","image":"other"}]}}""", Strategic);

        Assert.Equal(200, code);
        Assert.Equal("tools", changed["spec"]!["ephemeralContainers"]![0]!["image"]!.ToString());
        Assert.Equal(422, edited);
        Assert.Contains("existing ephemeral containers \"debug\" may not be changed", refused["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(422, direct);
    }

    [Theory]
    [InlineData("""{"name":"c","image":"i"}""", "Duplicate value: \"c\"")]
    [InlineData("""{"name":"d"}""", "image: Required value")]
    [InlineData("""{"name":"d","image":"i","ports":[{"containerPort":80}]}""", "cannot be set for an Ephemeral Container")]
    public async Task EphemeralContainers_Wrong_AreRefused(string container, string message)
    {
        string pod = await PodAsync();

        (int code, JsonNode refused) = await api.SendAsync(
            "PATCH", $"{pod}/ephemeralcontainers", $$$"""{"spec":{"ephemeralContainers":[{{{container}}}]}}""", Strategic);

        Assert.Equal(422, code);
        Assert.Contains(message, refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    private const string Eviction = """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}""";

    private static string Binding(string node) =>
        $$$"""{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p","annotations":{"chosen":"yes"}},"target":{"kind":"Node","name":"{{{node}}}"}}""";

    /// <summary>Makes a pod that requests a little and returns its path.</summary>
    private async Task<string> PodAsync()
    {
        string pods = (await api.ConfigMapsAsync()).Replace("configmaps", "pods", StringComparison.Ordinal);
        await api.AccountAsync(pods.Split('/')[4]);
        (int code, JsonNode made) = await api.SendAsync("POST", pods, """
            {"metadata":{"name":"p","labels":{"app":"a"}},
             "spec":{"containers":[{"name":"c","image":"x","resources":{"requests":{"cpu":"10m"}}}]}}
            """);
        Assert.True(code == 201, made.ToJsonString());
        return $"{pods}/p";
    }

    private async Task<string> RunningPodAsync(bool isReady)
    {
        string pod = await PodAsync();
        await api.SendAsync("POST", $"{pod}/binding", Binding("node-1"));
        string ready = isReady ? "True" : "False";
        await api.SendAsync(
            "PATCH", $"{pod}/status", $$$"""{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"{{{ready}}}"}]}}""", Merge);
        return pod;
    }

    private async Task<string> BudgetAsync(string pod, string name, string status, string policy = "IfHealthyBudget")
    {
        string budgets = $"/apis/policy/v1/namespaces/{pod.Split('/')[4]}/poddisruptionbudgets";
        (int code, JsonNode made) = await api.SendAsync("POST", budgets, $$$$"""
            {"metadata":{"name":"{{{{name}}}}"},"spec":{"minAvailable":1,"unhealthyPodEvictionPolicy":"{{{{policy}}}}","selector":{"matchLabels":{"app":"a"} } } }
            """);
        Assert.True(code == 201, made.ToJsonString());
        await api.SendAsync("PATCH", $"{budgets}/{name}/status", $$"""{"status":{{status}}}""", Merge);
        return $"{budgets}/{name}";
    }
}
