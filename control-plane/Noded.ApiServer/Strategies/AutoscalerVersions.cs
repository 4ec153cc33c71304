using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>HorizontalPodAutoscalers of autoscaling/v1, kept as those of v2.</summary>
internal static class AutoscalerVersions
{
    private const string CpuField = "targetCPUUtilizationPercentage";

    public static JsonObject Cpu(long percentage) => new()
    {
        ["type"] = "Resource",
        ["resource"] = new JsonObject
        {
            ["name"] = "cpu",
            ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = percentage },
        },
    };

    public static JsonObject ToV2(JsonObject document)
    {
        document["apiVersion"] = "autoscaling/v2";
        JsonObject spec = document.ObjectOrNew("spec");
        if (spec.Integer(CpuField) is { } percentage)
        {
            spec["metrics"] = new JsonArray(Cpu(percentage));
        }

        spec.Remove(CpuField);
        document.Object("status")?.Remove("currentCPUUtilizationPercentage");
        return document;
    }

    public static JsonObject ToV1(JsonObject document)
    {
        document["apiVersion"] = "autoscaling/v1";
        JsonObject spec = document.ObjectOrNew("spec");
        long? percentage = spec.Objects("metrics")
            .Where(metric => metric.Object("resource").Text("name") == "cpu")
            .Select(metric => metric.Object("resource").Object("target").Integer("averageUtilization"))
            .FirstOrDefault();
        spec.Remove("metrics");
        spec.Remove("behavior");
        if (percentage is { } value)
        {
            spec[CpuField] = value;
        }

        JsonObject? status = document.Object("status");
        status?.Remove("currentMetrics");
        status?.Remove("conditions");
        return document;
    }
}
