using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for what becomes of Jobs (pkg/apis/batch/validation).</summary>
internal static class JobStatusRules
{
    private static readonly FieldPath Status = new("status");
    private static readonly FieldPath Conditions = Status.Child("conditions");

    public static void Validate(JsonObject job, JsonObject old, FieldErrors errors)
    {
        StatusRules.Counts(job, ["active", "succeeded", "failed", "ready", "terminating"], errors);
        JsonObject status = job.Object("status") ?? [];
        Conflict(job, "Complete", "Failed", "cannot set Complete=True and Failed=true conditions", errors);
        Conflict(job, "Complete", "FailureTarget", "cannot set Complete=True and FailureTarget=true conditions", errors);
        Conflict(job, "SuccessCriteriaMet", "Failed", "cannot set SuccessCriteriaMet=True and Failed=true conditions", errors);
        Conflict(job, "SuccessCriteriaMet", "FailureTarget", "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions", errors);
        Times(job, status, errors);
        if (Is(job, "Failed") && !Is(job, "FailureTarget"))
        {
            Refuse("cannot set Failed=True condition without the FailureTarget=true condition", errors);
        }

        if (Is(job, "Complete") && !Is(job, "SuccessCriteriaMet"))
        {
            Refuse("cannot set Complete=True condition without the SuccessCriteriaMet=true condition", errors);
        }

        if (status.Integer("active") is { } active and > 0 && (Is(job, "Complete") || Is(job, "Failed")))
        {
            errors.Invalid(Status.Child("active"), active, "active>0 is invalid for finished job");
        }

        if (status.Integer("ready") is { } ready && ready > (status.Integer("active") ?? 0))
        {
            errors.Invalid(Status.Child("ready"), ready, "cannot set more ready pods than active");
        }

        Change(job, old, errors);
    }

    private static void Times(JsonObject job, JsonObject status, FieldErrors errors)
    {
        FieldPath completion = Status.Child("completionTime");
        string? end = status.Text("completionTime");
        if (end is not null && !Is(job, "Complete"))
        {
            errors.Invalid(completion, end, "cannot set completionTime when there is no Complete=True condition");
        }

        if (end is null && Is(job, "Complete"))
        {
            errors.Required(completion, "completionTime is required for Complete jobs");
        }

        bool areKnown = ScalarDecoder.TryTime(status.Text("startTime"), out DateTimeOffset begun)
            & ScalarDecoder.TryTime(end, out DateTimeOffset ended);
        if (areKnown && ended < begun)
        {
            errors.Invalid(completion, end, "completionTime cannot be set before startTime");
        }

        if (status.Text("startTime") is null && (Is(job, "Complete") || Is(job, "Failed")))
        {
            errors.Required(Status.Child("startTime"), "startTime is required for finished job");
        }
    }

    /// <summary>What is over stays over, and what is counted does not become less.</summary>
    private static void Change(JsonObject job, JsonObject old, FieldErrors errors)
    {
        foreach (string type in (ReadOnlySpan<string>)["Failed", "Complete", "FailureTarget"])
        {
            if (Is(old, type) && !Is(job, type))
            {
                Refuse($"cannot disable the terminal {type}=True condition", errors);
            }
        }

        if (Is(old, "SuccessCriteriaMet") && !Is(job, "SuccessCriteriaMet"))
        {
            Refuse("cannot disable the SuccessCriteriaMet=True condition", errors);
        }

        foreach (string name in (ReadOnlySpan<string>)["failed", "succeeded"])
        {
            long now = job["status"].Integer(name) ?? 0;
            if (now < (old["status"].Integer(name) ?? 0))
            {
                errors.Invalid(Status.Child(name), now, $"cannot decrease the {name} counter");
            }
        }
    }

    private static void Conflict(JsonObject job, string one, string other, string why, FieldErrors errors)
    {
        if (Is(job, one) && Is(job, other))
        {
            Refuse(why, errors);
        }
    }

    private static void Refuse(string why, FieldErrors errors) => errors.Refuse(Conditions, $"Invalid value: {why}");

    private static bool Is(JsonObject job, string type) => job["status"].Objects("conditions")
        .Any(condition => condition.Text("type") == type && condition.Text("status") == "True");
}
