using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Nodes;

using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Tables;

using static Noded.ApiServer.Tables.TableColumns;

namespace Noded.ApiServer.Strategies;

/// <summary>Jobs.</summary>
internal sealed class JobStrategy : Strategy
{
    public override bool TracksGeneration => true;

    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } = Fields(
        ("status.successful", d => (d.At("status", "succeeded").AsInteger() ?? 0).ToString(CultureInfo.InvariantCulture)));

    public override TableColumns Columns { get; } = Of(
    [
        Text("Status", StatusOf),
        Text("Completions", Completions),
        new("Duration", "string", (job, now) => Duration(job, now)),
        .. TableColumns.Containers("spec", "template", "spec"),
        Text("Selector", d => Cells.Selector(d.Object("spec").Object("selector")), isWide: true),
    ]);

    public override void ApplyDefaults(JsonObject document) => ApplyToSpec(document.ObjectOrNew("spec"));

    internal static void ApplyToSpec(JsonObject spec)
    {
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1L;
        }

        spec.Default("parallelism", 1L);
        spec.Default("backoffLimit", spec["backoffLimitPerIndex"] is null ? 6L : int.MaxValue);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", JsonValue.Create(false));
        spec.Default("manualSelector", JsonValue.Create(false));
        spec.Default("podReplacementPolicy", spec["podFailurePolicy"] is null ? "TerminatingOrFailed" : "Failed");
        if (spec.Object("template").Object("spec") is { } podSpec)
        {
            PodSpecDefaults.Apply(podSpec);
        }
    }

    public override void PrepareForCreate(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        if (spec.Boolean("manualSelector") == true)
        {
            return;
        }

        JsonObject labels = spec.ObjectOrNew("template").ObjectOrNew("metadata").ObjectOrNew("labels");
        (string name, string uid) = (document.Name(), document.Uid());
        labels["batch.kubernetes.io/controller-uid"] = uid;
        labels["batch.kubernetes.io/job-name"] = name;
        labels["controller-uid"] = uid;
        labels["job-name"] = name;
        spec["selector"] = new JsonObject
        {
            ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = uid },
        };
    }

    public override void Validate(JsonObject document, FieldErrors errors) => JobRules.ValidateJob(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        JobRules.ValidateJobUpdate(document, old, errors);

    public override void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors) =>
        JobStatusRules.Validate(document, old, errors);

    private static string Completions(JsonObject job)
    {
        long succeeded = job.At("status", "succeeded").AsInteger() ?? 0;
        long? wished = job.At("spec", "completions").AsInteger();
        long parallelism = job.At("spec", "parallelism").AsInteger() ?? 0;
        string all = wished is { } completions ? completions.ToString(CultureInfo.InvariantCulture)
            : parallelism > 1 ? string.Create(CultureInfo.InvariantCulture, $"1 of {parallelism}") : "1";
        return string.Create(CultureInfo.InvariantCulture, $"{succeeded}/{all}");
    }

    private static string StatusOf(JsonObject job)
    {
        string[] types = ["Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"];
        string? found = types.FirstOrDefault(type => job["status"].Objects("conditions")
            .Any(condition => condition.Text("type") == type && condition.Text("status") == "True"));
        return job.IsBeingDeleted() && found is not ("Complete" or "Failed") ? "Terminating" : found ?? "Running";
    }

    private static string Duration(JsonObject job, DateTimeOffset now)
    {
        if (!ScalarDecoder.TryTime(job.At("status", "startTime").AsText(), out DateTimeOffset start))
        {
            return "";
        }

        bool isOver = ScalarDecoder.TryTime(job.At("status", "completionTime").AsText(), out DateTimeOffset end);
        return Cells.Duration((isOver ? end : now) - start);
    }
}

/// <summary>CronJobs.</summary>
internal sealed class CronJobStrategy : Strategy
{
    public override bool TracksGeneration => true;

    public override TableColumns Columns { get; } = Of(
    [
        Text("Schedule", d => TextAt(d, "spec", "schedule")),
        Text("Timezone", d => TextAt(d, "spec", "timeZone") ?? Cells.None),
        Text("Suspend", d => d.At("spec", "suspend").AsBoolean() == true ? "True" : "False"),
        Number("Active", d => d["status"].Array("active")?.Count ?? 0),
        new("Last Schedule", "string", (d, now) => d.At("status", "lastScheduleTime").AsText() is { } time ? Cells.Since(time, now) : Cells.None),
        .. TableColumns.Containers("spec", "jobTemplate", "spec", "template", "spec"),
        Text("Selector", d => Cells.Selector(d.At("spec", "jobTemplate", "spec").Object("selector")), isWide: true),
    ]);

    public override void ApplyDefaults(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        spec.Default("concurrencyPolicy", "Allow");
        spec.Default("suspend", JsonValue.Create(false));
        spec.Default("successfulJobsHistoryLimit", 3L);
        spec.Default("failedJobsHistoryLimit", 1L);
        if (spec.Object("jobTemplate").Object("spec").Object("template").Object("spec") is { } podSpec)
        {
            PodSpecDefaults.Apply(podSpec);
        }
    }

    public override void Validate(JsonObject document, FieldErrors errors) => JobRules.ValidateCronJob(document, null, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        JobRules.ValidateCronJob(document, old, errors);
}
