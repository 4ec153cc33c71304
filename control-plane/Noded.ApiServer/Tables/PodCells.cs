using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.Primitives;

namespace Noded.ApiServer.Tables;

/// <summary>What tables show of pods (pkg/printers).</summary>
internal static class PodCells
{
    public static string Ready(JsonObject pod)
    {
        JsonNode? status = pod["status"];
        int total = pod.Object("spec").Objects("containers").Count() + Sidecars(pod).Count;
        int ready = status.Objects("containerStatuses").Count(IsReady)
            + status.Objects("initContainerStatuses").Count(s => IsReady(s) && Sidecars(pod).Contains(s.Text("name") ?? ""));
        return string.Create(CultureInfo.InvariantCulture, $"{ready}/{total}");
    }

    public static string Status(JsonObject pod)
    {
        JsonNode? status = pod["status"];
        string reason = status.Text("reason") is { Length: > 0 } given ? given : status.Text("phase") ?? "";
        if (status.Objects("conditions").Any(c => c.Text("type") == "PodScheduled" && c.Text("reason") == "SchedulingGated"))
        {
            reason = "SchedulingGated";
        }

        string? initial = Initializing(pod);
        reason = initial ?? Containers(pod, reason);
        return pod.IsBeingDeleted()
            ? status.Text("reason") == "NodeLost" ? "Unknown" : status.Text("phase") is "Succeeded" or "Failed" ? reason : "Terminating"
            : reason;
    }

    public static string Restarts(JsonObject pod, DateTimeOffset now)
    {
        JsonObject[] statuses = [.. pod["status"].Objects("containerStatuses")];
        long count = statuses.Sum(status => status.Integer("restartCount") ?? 0);
        string? last = statuses
            .Select(status => status.Object("lastState").Object("terminated").Text("finishedAt"))
            .Order(StringComparer.Ordinal)
            .LastOrDefault();
        return count == 0 || last is null
            ? count.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{count} ({Cells.Since(last, now)} ago)");
    }

    public static string ReadinessGates(JsonObject pod)
    {
        JsonObject[] gates = [.. pod.Object("spec").Objects("readinessGates")];
        int open = gates.Count(gate => pod["status"].Objects("conditions").Any(condition =>
            condition.Text("type") == gate.Text("conditionType") && condition.Text("status") == "True"));
        return gates.Length == 0 ? Cells.None : string.Create(CultureInfo.InvariantCulture, $"{open}/{gates.Length}");
    }

    /// <summary>The class of service that follows from what the containers ask for.</summary>
    public static string QosClass(JsonObject pod)
    {
        JsonObject[] containers =
            [.. pod.Object("spec").Objects("containers").Concat(pod.Object("spec").Objects("initContainers"))];
        bool isEmpty = containers.All(c => !Has(c, "requests") && !Has(c, "limits"));
        if (isEmpty)
        {
            return "BestEffort";
        }

        bool isGuaranteed = containers.All(container => ((string[])["cpu", "memory"]).All(name =>
            Amount(container, "limits", name) is { IsZero: false } limit && Amount(container, "requests", name) == limit));
        return isGuaranteed ? "Guaranteed" : "Burstable";
    }

    private static bool Has(JsonObject container, string list) => ((string[])["cpu", "memory"]).Any(name =>
        Amount(container, list, name) is { IsZero: false });

    private static Quantity? Amount(JsonObject container, string list, string name) =>
        Quantity.TryParse(container.Object("resources").Object(list).Text(name), out Quantity amount) ? amount : null;

    private static bool IsReady(JsonObject status) =>
        status.Boolean("ready") == true && status.Object("state").Object("running") is not null;

    private static HashSet<string> Sidecars(JsonObject pod) =>
    [
        .. pod.Object("spec").Objects("initContainers")
            .Where(container => container.Text("restartPolicy") == "Always")
            .Select(container => container.Text("name") ?? ""),
    ];

    private static string? Initializing(JsonObject pod)
    {
        JsonObject[] statuses = [.. pod["status"].Objects("initContainerStatuses")];
        int total = pod.Object("spec").Objects("initContainers").Count();
        for (int i = 0; i < statuses.Length; i++)
        {
            JsonObject? terminated = statuses[i].Object("state").Object("terminated");
            bool isSidecar = Sidecars(pod).Contains(statuses[i].Text("name") ?? "");
            if (terminated.Integer("exitCode") is 0 || (isSidecar && statuses[i].Boolean("started") == true))
            {
                continue;
            }

            if (terminated is not null)
            {
                return $"Init:{Terminated(terminated)}";
            }

            string? waiting = statuses[i].Object("state").Object("waiting").Text("reason");
            return waiting is { Length: > 0 } and not "PodInitializing"
                ? $"Init:{waiting}"
                : string.Create(CultureInfo.InvariantCulture, $"Init:{i}/{total}");
        }

        return null;
    }

    private static string Containers(JsonObject pod, string reason)
    {
        bool hasRunning = false;
        foreach (JsonObject status in pod["status"].Objects("containerStatuses").Reverse())
        {
            JsonObject? state = status.Object("state");
            if (state.Object("waiting").Text("reason") is { Length: > 0 } waiting)
            {
                reason = waiting;
            }
            else if (state.Object("terminated") is { } terminated)
            {
                reason = Terminated(terminated);
            }
            else if (IsReady(status))
            {
                hasRunning = true;
            }
        }

        if (reason != "Completed" || !hasRunning)
        {
            return reason;
        }

        bool isReady = pod["status"].Objects("conditions")
            .Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");
        return isReady ? "Running" : "NotReady";
    }

    private static string Terminated(JsonObject terminated) => terminated.Text("reason") is { Length: > 0 } reason
        ? reason
        : terminated.Integer("signal") is { } signal and not 0
            ? string.Create(CultureInfo.InvariantCulture, $"Signal:{signal}")
            : string.Create(CultureInfo.InvariantCulture, $"ExitCode:{terminated.Integer("exitCode") ?? 0}");
}
