using System.Text.Json;
using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests.PodTable;

/// <summary>What became of a pod, in lines that are the same each time.</summary>
internal static class PodOutcome
{
    /// <param name="events">All events of the node.</param>
    internal static string Describe(PodCase pod, Pod? seen, IEnumerable<Event> events, IEnumerable<string> log)
    {
        List<string> lines = [pod.Name];
        bool isReady = false;
        if (seen is not null)
        {
            using JsonDocument document = JsonDocument.Parse(seen.Json);
            JsonElement status = document.RootElement.GetProperty("status");
            isReady = IsReady(status);
            lines.Add($"  {Text(status, "phase")}{After(" ", Text(status, "reason"))} {Text(status, "qosClass")}{(isReady ? " ready" : "")}");
            lines.AddRange(Containers(status, "initContainerStatuses").Select(line => $"  init {line}"));
            lines.AddRange(Containers(status, "containerStatuses").Select(line => $"  {line}"));
        }

        // On a busy machine a server may not listen yet when it is asked for the first time.
        IEnumerable<string> reasons = Reasons($"pod default/{pod.Name}-node1", events)
            .Where(reason => !isReady || !reason.EndsWith(":Unhealthy", StringComparison.Ordinal));
        lines.Add($"  events {string.Join(' ', reasons)}");
        if (pod.Log is { } prefix)
        {
            lines.AddRange(log.Where(line => line.StartsWith(prefix, StringComparison.Ordinal)).Select(line => $"  log {line.Trim()}"));
        }

        return string.Join('\n', lines);
    }

    /// <summary>Each reason once for each container, in the order in which it first came.</summary>
    private static IEnumerable<string> Reasons(string subject, IEnumerable<Event> events) => events
        .OrderBy(happened => happened.FirstSeen.ToDateTimeOffset())
        .Where(happened => happened.Object == subject || happened.Object.StartsWith(subject + " ", StringComparison.Ordinal))
        .Select(happened => happened.Object[subject.Length..].Split('{') is [_, string container]
            ? $"{container.TrimEnd('}')}:{happened.Reason}"
            : happened.Reason)
        .Distinct();

    private static IEnumerable<string> Containers(JsonElement status, string name)
    {
        if (!status.TryGetProperty(name, out JsonElement containers) || containers.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        foreach (JsonElement container in containers.EnumerateArray())
        {
            string restarted = container.GetProperty("restartCount").GetInt32() > 0 ? " restarted" : "";
            string ready = container.GetProperty("ready").GetBoolean() ? " ready" : "";
            yield return $"{Text(container, "name")} {State(container)}{ready}{restarted}";
        }
    }

    private static string State(JsonElement container)
    {
        JsonElement state = container.GetProperty("state");
        if (Find(state, "terminated") is { } terminated)
        {
            return $"terminated {terminated.GetProperty("exitCode").GetInt32()} {Text(terminated, "reason")}{Message(terminated)}";
        }

        // Whether it has just failed or waits for the next time is a matter of the moment.
        return Find(state, "waiting") is { } waiting
            ? $"waiting {Text(waiting, "reason").Replace("ErrImagePull", "ImagePullBackOff", StringComparison.Ordinal)}"
            : "running";
    }

    /// <summary>What the container left; what the runtime says differs from version to version.</summary>
    private static string Message(JsonElement terminated) =>
        Text(terminated, "reason") == "StartError" ? "" : After(" message ", Text(terminated, "message"));

    private static bool IsReady(JsonElement status) =>
        status.TryGetProperty("conditions", out JsonElement conditions)
        && conditions.EnumerateArray().Any(condition => Text(condition, "type") == "Ready" && Text(condition, "status") == "True");

    private static JsonElement? Find(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object ? value : null;

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!.ReplaceLineEndings(" ").Trim()
            : "";

    private static string After(string before, string text) => text.Length == 0 ? "" : before + text;
}
