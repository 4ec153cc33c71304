using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>The two versions of HorizontalPodAutoscalers, of which the older has fewer fields.</summary>
public sealed class AutoscalerVersionTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Newer = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
    private const string Older = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
    private const string Merge = "application/merge-patch+json";

    private const string Spec = """
        {"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"x"},
         "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}},
                    {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}}],
         "behavior":{"scaleDown":{"stabilizationWindowSeconds":60}}}
        """;

    [Fact]
    public async Task Update_ByTheOlderVersion_LosesNothing()
    {
        (int made, JsonNode before) = await api.SendAsync("POST", Newer, $$$"""{"metadata":{"name":"both"},"spec":{{{Spec}}}}""");
        (_, JsonNode older) = await api.SendAsync("GET", $"{Older}/both");
        (int changed, _) = await api.SendAsync("PATCH", $"{Older}/both", """{"spec":{"targetCPUUtilizationPercentage":80}}""", Merge);
        (_, JsonNode after) = await api.SendAsync("GET", $"{Newer}/both");

        Assert.Equal((201, 200), (made, changed));
        Assert.Equal("70", older["spec"]!["targetCPUUtilizationPercentage"]!.ToString());
        Assert.Null(older["spec"]!["metrics"]);
        Assert.Contains("memory", older["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/metrics"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("80", after["spec"]!["metrics"]![0]!["resource"]!["target"]!["averageUtilization"]!.ToString());
        Assert.True(JsonNode.DeepEquals(before["spec"]!["metrics"]![1], after["spec"]!["metrics"]![1]));
        Assert.True(JsonNode.DeepEquals(before["spec"]!["behavior"], after["spec"]!["behavior"]));
        Assert.Null(after["metadata"]!["annotations"]);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("not json")]
    [InlineData("""[{"type":7}]""")]
    public async Task Annotation_ThatIsNoMetric_IsDropped(string text)
    {
        string name = $"a-{Guid.NewGuid():N}";
        JsonObject document = new()
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["annotations"] = new JsonObject { ["autoscaling.alpha.kubernetes.io/metrics"] = text },
            },
            ["spec"] = new JsonObject
            {
                ["maxReplicas"] = 3,
                ["targetCPUUtilizationPercentage"] = 50,
                ["scaleTargetRef"] = new JsonObject { ["kind"] = "Deployment", ["name"] = "x" },
            },
        };

        (int made, _) = await api.SendAsync("POST", Older, document.ToJsonString());
        (_, JsonNode kept) = await api.SendAsync("GET", $"{Newer}/{name}");

        Assert.Equal(201, made);
        Assert.Single(kept["spec"]!["metrics"]!.AsArray());
    }

    [Fact]
    public async Task Create_ByTheOlderVersion_IsHeldToTheSameRules()
    {
        (int code, JsonNode refused) = await api.SendAsync("POST", Older, """
            {"metadata":{"name":"wrong"},"spec":{"maxReplicas":3,"targetCPUUtilizationPercentage":0,"scaleTargetRef":{"kind":"Deployment","name":"x"}}}
            """);

        Assert.Equal(422, code);
        Assert.Equal(
            "spec.metrics[0].resource.target.averageUtilization",
            Assert.Single(refused["details"]!["causes"]!.AsArray())!["field"]!.ToString());
    }
}
