using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Selectors;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for Jobs and CronJobs (pkg/apis/batch/validation).</summary>
internal static partial class JobRules
{
    private const int MostIndexedParallelism = 100_000;
    private const int ManyCompletions = 100_000;
    private const int ParallelismOfMany = 10_000;
    private const int LongestManager = 63;
    private const int LongestCronJobName = 52;
    private const string IndexedOnly = "requires indexed completion mode";

    private static readonly FieldPath Spec = new("spec");

    public static void ValidateJob(JsonObject job, FieldErrors errors)
    {
        JsonObject spec = job.ObjectOrNew("spec");
        ValidateSpec(spec, Spec, errors);
        SelectorRules.Validate(spec.Object("selector"), Spec.Child("selector"), errors);
        JsonObject? labels = spec.Object("template").Object("metadata").Object("labels");
        if (spec.Object("selector") is not { } selector)
        {
            errors.Required(Spec.Child("selector"));
        }
        else if (!LabelSelector.Of(selector).Matches(labels))
        {
            errors.InvalidPart(Spec.Child("template").Child("metadata").Child("labels"), labels, "`selector` does not match template `labels`");
        }

        if (spec.Text("completionMode") == "Indexed" && spec.Integer("completions") is { } completions and > 0)
        {
            string host = string.Create(CultureInfo.InvariantCulture, $"{job.Name()}-{completions - 1}");
            if (NameRules.Dns1123Label(host).Any())
            {
                errors.Invalid(
                    new FieldPath("metadata.name"), job.Name(), $"will not able to create pod with invalid DNS label: {host}");
            }
        }
    }

    public static void ValidateJobUpdate(JsonObject job, JsonObject old, FieldErrors errors)
    {
        ValidateJob(job, errors);
        JsonObject spec = job.ObjectOrNew("spec");
        JsonObject before = old.Object("spec") ?? [];
        Completions(spec, before, errors);
        foreach (string name in (ReadOnlySpan<string>)["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"])
        {
            errors.Immutable(Spec.Child(name), spec[name], before[name]);
        }

        bool hasNotBegun = before.Boolean("suspend") == true && old["status"].Text("startTime") is null;
        if (!JsonNode.DeepEquals(Template(spec, hasNotBegun), Template(before, hasNotBegun)))
        {
            errors.Immutable(Spec.Child("template"), spec["template"], before["template"]);
        }
    }

    public static void ValidateCronJob(JsonObject document, JsonObject? old, FieldErrors errors)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        Schedule(spec, old, errors);
        foreach (string name in (ReadOnlySpan<string>)["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"])
        {
            errors.NonNegative(Spec.Child(name), spec.Integer(name));
        }

        if (old is null || old.At("spec", "timeZone").AsText() != spec.Text("timeZone"))
        {
            TimeZone(spec.Text("timeZone"), Spec.Child("timeZone"), errors);
        }

        FieldPath template = Spec.Child("jobTemplate").Child("spec");
        JsonObject job = spec.Object("jobTemplate").Object("spec") ?? [];
        ValidateSpec(job, template, errors);
        if (job["selector"] is { } selector)
        {
            errors.InvalidPart(template.Child("selector"), selector, "`selector` will be auto-generated");
        }

        if (job.Boolean("manualSelector") == true)
        {
            errors.Refuse(template.Child("manualSelector"), "Unsupported value: true: supported values: \"nil\", \"false\"");
        }

        if (old is null && document.Name().Length > LongestCronJobName)
        {
            errors.Invalid(new FieldPath("metadata.name"), document.Name(), $"must be no more than {LongestCronJobName} characters");
        }
    }

    private static void ValidateSpec(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        foreach (string name in (ReadOnlySpan<string>)["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"])
        {
            errors.NonNegative(path.Child(name), spec.Integer(name));
        }

        if (spec.Integer("maxFailedIndexes") is not null && spec.Integer("backoffLimitPerIndex") is null)
        {
            errors.Required(path.Child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
        }

        if (spec.Text("managedBy") is { } manager)
        {
            NetworkNames.DomainPath(manager, path.Child("managedBy"), errors);
            if (manager.Length > LongestManager)
            {
                errors.TooLong(path.Child("managedBy"), LongestManager);
            }
        }

        if (spec.Text("completionMode") == "Indexed")
        {
            Indexed(spec, path, errors);
        }
        else
        {
            NotIndexed(spec, path, errors);
        }

        if (spec.Object("podFailurePolicy") is not null)
        {
            JobPolicyRules.Failure(spec, path.Child("podFailurePolicy"), errors);
        }

        Pods(spec, path, errors);
    }

    private static void Indexed(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        long? completions = spec.Integer("completions");
        long? parallelism = spec.Integer("parallelism");
        long? failed = spec.Integer("maxFailedIndexes");
        if (completions is null)
        {
            errors.Required(path.Child("completions"), "when completion mode is Indexed");
        }

        if (parallelism > MostIndexedParallelism)
        {
            errors.Invalid(
                path.Child("parallelism"), parallelism.Value, $"must be less than or equal to {MostIndexedParallelism} when completion mode is Indexed");
        }

        if (failed > completions)
        {
            errors.Invalid(path.Child("maxFailedIndexes"), failed.Value, "must be less than or equal to completions");
        }

        if (failed > MostIndexedParallelism)
        {
            errors.Invalid(path.Child("maxFailedIndexes"), failed.Value, $"must be less than or equal to {MostIndexedParallelism}");
        }

        if (completions > ManyCompletions && spec.Integer("backoffLimitPerIndex") is not null)
        {
            string limit = $"must be less than or equal to {ParallelismOfMany} when completions are above {ManyCompletions} and used with backoff limit per index";
            if (failed is null)
            {
                errors.Required(path.Child("maxFailedIndexes"), $"must be specified when completions is above {ManyCompletions}");
            }
            else if (failed > ParallelismOfMany)
            {
                errors.Invalid(path.Child("maxFailedIndexes"), failed.Value, limit);
            }

            if (parallelism > ParallelismOfMany)
            {
                errors.Invalid(path.Child("parallelism"), parallelism.Value, limit);
            }
        }

        if (spec.Object("successPolicy") is { } policy)
        {
            JobPolicyRules.Success(policy, completions ?? 0, path.Child("successPolicy"), errors);
        }
    }

    private static void NotIndexed(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        foreach (string name in (ReadOnlySpan<string>)["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"])
        {
            if (spec[name] is { } value)
            {
                errors.InvalidPart(path.Child(name), value, IndexedOnly);
            }
        }
    }

    private static void Pods(JsonObject spec, FieldPath path, FieldErrors errors)
    {
        bool hasPolicy = spec.Object("podFailurePolicy") is not null;
        if (hasPolicy && spec.Text("podReplacementPolicy") is { } replacement)
        {
            errors.OneOf(path.Child("podReplacementPolicy"), replacement, "Failed");
        }

        PodRules.ValidateTemplate(spec.Object("template"), path.Child("template"), errors);
        FieldPath restart = path.Child("template").Child("spec").Child("restartPolicy");
        string policy = spec.At("template", "spec", "restartPolicy").AsText() ?? "";
        switch (policy)
        {
            case "" or "Always":
                errors.Required(restart, "valid values: \"OnFailure\", \"Never\"");
                break;
            case not ("OnFailure" or "Never"):
                errors.NotSupported(restart, policy, "Never", "OnFailure");
                break;
            case "OnFailure" when hasPolicy:
                errors.Invalid(restart, policy, "only \"Never\" is supported when podFailurePolicy is specified");
                break;
            default:
                break;
        }
    }

    /// <summary>Indexed Jobs may grow and shrink, if both numbers do.</summary>
    private static void Completions(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        FieldPath path = Spec.Child("completions");
        if (spec.Text("completionMode") != "Indexed")
        {
            errors.Immutable(path, spec["completions"], before["completions"]);
        }
        else if (spec.Integer("completions") is { } completions
            && completions != before.Integer("completions")
            && completions != spec.Integer("parallelism"))
        {
            errors.Invalid(path, completions, $"can only be modified in tandem with {Spec.Child("parallelism")}");
        }
    }

    /// <summary>The template without what may change as long as a suspended Job has not begun.</summary>
    private static JsonObject Template(JsonObject spec, bool hasNotBegun)
    {
        JsonObject template = spec.Object("template")?.Copy() ?? [];
        if (hasNotBegun)
        {
            template.Object("metadata")?.Remove("annotations");
            template.Object("metadata")?.Remove("labels");
            JsonObject pod = template.ObjectOrNew("spec");
            foreach (string name in (ReadOnlySpan<string>)["nodeSelector", "tolerations", "schedulingGates"])
            {
                pod.Remove(name);
            }

            pod.Object("affinity")?.Remove("nodeAffinity");
            if (pod.Object("affinity") is { Count: 0 })
            {
                pod.Remove("affinity");
            }
        }

        return template;
    }

    private static void Schedule(JsonObject spec, JsonObject? old, FieldErrors errors)
    {
        FieldPath path = Spec.Child("schedule");
        string schedule = spec.Text("schedule") ?? "";
        if (schedule.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (CronSchedule.Error(schedule) is { } error)
        {
            errors.Invalid(path, schedule, error);
        }

        bool hadZone = HasZone(old.At("spec", "schedule").AsText());
        if (HasZone(schedule) && !hadZone)
        {
            errors.Invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        else if (HasZone(schedule) && spec.Text("timeZone") is not null)
        {
            errors.Invalid(path, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
        }
    }

    private static bool HasZone(string? schedule) => schedule?.Contains("TZ", StringComparison.Ordinal) == true;

    private static void TimeZone(string? zone, FieldPath path, FieldErrors errors)
    {
        switch (zone)
        {
            case null:
                break;
            case "":
                errors.Invalid(path, zone, "timeZone must be nil or non-empty string");
                break;
            case not null when zone.Split('/').Any(part => part is "." or ".." || part.StartsWith('-') || !ZonePart.IsMatch(part)):
                errors.Invalid(path, zone, $"unknown time zone {zone}");
                break;
            case not null when zone.Equals("Local", StringComparison.OrdinalIgnoreCase):
                errors.Invalid(path, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
                break;
            case not null when !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _) && HasZones:
                errors.Invalid(path, zone, $"unknown time zone {zone}");
                break;
            default:
                break;
        }
    }

    /// <summary>Whether this machine knows any time zones, so that one that it does not know is none.</summary>
    private static bool HasZones => TimeZoneInfo.TryFindSystemTimeZoneById("Europe/Berlin", out _);

    [GeneratedRegex(@"\A[A-Za-z.\-_0-9+]{1,14}\z")]
    private static partial Regex ZonePart { get; }
}
