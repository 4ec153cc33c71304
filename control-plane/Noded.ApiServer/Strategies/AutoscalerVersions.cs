using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Strategies;

/// <summary>
/// HorizontalPodAutoscalers of autoscaling/v1, kept as those of v2. What v1 has no field for is in its annotations, so
/// that nothing is lost when an object is changed by way of v1.
/// </summary>
internal static class AutoscalerVersions
{
    public const string V1 = "autoscaling/v1";

    private const string CpuField = "targetCPUUtilizationPercentage";
    private const string CurrentCpuField = "currentCPUUtilizationPercentage";
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";

    /// <summary>Where v2 has it, under which annotation v1 does, and the type of it or of its items.</summary>
    private static readonly (string Part, string Field, string Annotation, string Type)[] Carried =
    [
        ("spec", "metrics", Prefix + "metrics", "autoscaling/v2.MetricSpec"),
        ("spec", "behavior", Prefix + "behavior", "autoscaling/v2.HorizontalPodAutoscalerBehavior"),
        ("status", "currentMetrics", Prefix + "current-metrics", "autoscaling/v2.MetricStatus"),
        ("status", "conditions", Prefix + "conditions", "autoscaling/v2.HorizontalPodAutoscalerCondition"),
    ];

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
        foreach ((string part, string field, string annotation, string type) in Carried)
        {
            if (Take(document, annotation, SchemaCatalog.BuiltIn[type]) is { } value)
            {
                document.ObjectOrNew(part)[field] = value;
            }
        }

        JsonObject spec = document.ObjectOrNew("spec");
        if (spec.Integer(CpuField) is { } percentage)
        {
            spec["metrics"] = new JsonArray([Cpu(percentage), .. spec.Objects("metrics").Select(metric => metric.DeepClone())]);
        }

        spec.Remove(CpuField);
        document.Object("status")?.Remove(CurrentCpuField);
        return document;
    }

    public static JsonObject ToV1(JsonObject document)
    {
        document["apiVersion"] = V1;
        JsonObject spec = document.ObjectOrNew("spec");
        JsonObject? cpu = spec.Objects("metrics").FirstOrDefault(metric => Utilization(metric, "target") is not null);
        if (cpu is not null)
        {
            spec[CpuField] = Utilization(cpu, "target");
            spec.Array("metrics")?.Remove(cpu);
        }

        JsonObject? current = document["status"].Objects("currentMetrics").FirstOrDefault(metric => Utilization(metric, "current") is not null);
        if (current is not null)
        {
            document.ObjectOrNew("status")[CurrentCpuField] = Utilization(current, "current");
        }

        foreach ((string part, string field, string annotation, _) in Carried)
        {
            JsonObject? owner = document.Object(part);
            if (owner?[field] is JsonArray { Count: > 0 } or JsonObject)
            {
                document.Metadata().ObjectOrNew("annotations")[annotation] = Encoding.UTF8.GetString(owner[field]!.ToUtf8()); // it is there
            }

            owner?.Remove(field);
        }

        return document;
    }

    /// <summary>The share of the processor that a metric is about; null if it is about anything else.</summary>
    private static long? Utilization(JsonObject metric, string part) =>
        metric.Text("type") == "Resource" && metric.Object("resource").Text("name") == "cpu"
            ? metric.Object("resource").Object(part).Integer("averageUtilization")
            : null;

    /// <summary>What an annotation carries, in the form of its type; what has another form is dropped, as upstream does.</summary>
    private static JsonNode? Take(JsonObject document, string annotation, SchemaType type)
    {
        JsonObject? annotations = document.Object("metadata").Object("annotations");
        string? text = annotations.Text(annotation);
        annotations?.Remove(annotation);
        if (annotations is { Count: 0 })
        {
            document.Metadata().Remove("annotations");
        }

        try
        {
            JsonNode? value = text is null ? null : DocumentReader.ReadJson(Encoding.UTF8.GetBytes(text)).Root;
            IEnumerable<JsonNode?> items = value is JsonArray list ? list : Enumerable.Repeat(value, 1); // [value] would be its parent
            foreach (JsonNode? item in items)
            {
                if (item is not JsonObject part)
                {
                    return null;
                }

                SchemaDecoder.Decode(part, type);
            }

            return value;
        }
        catch (Exception e) when (e is DocumentException or SchemaMismatchException)
        {
            return null;
        }
    }
}
