using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Selectors;

namespace Noded.ApiServer.Tables;

/// <summary>What cells of tables show, in upstream's forms.</summary>
internal static class Cells
{
    public const string None = "<none>";
    public const string Unset = "<unset>";
    public const string Unknown = "<unknown>";

    public static string Age(JsonObject document, DateTimeOffset now) =>
        Since(document.Object("metadata").Text("creationTimestamp"), now);

    /// <summary>The time since a timestamp.</summary>
    public static string Since(string? timestamp, DateTimeOffset now) =>
        ScalarDecoder.TryTime(timestamp, out DateTimeOffset time) ? Duration(now - time) : Unknown;

    /// <summary>A duration as people read it (apimachinery, util/duration): <c>5m30s</c>, <c>3d4h</c>.</summary>
    public static string Duration(TimeSpan duration)
    {
        long seconds = (long)duration.TotalSeconds;
        (long minutes, long hours, long days) = (seconds / 60, seconds / 3600, seconds / 86400);
        FormattableString text = seconds switch
        {
            < -1 => $"<invalid>",
            < 0 => $"0s",
            < 120 => $"{seconds}s",
            < 600 when seconds % 60 == 0 => $"{minutes}m",
            < 600 => $"{minutes}m{seconds % 60}s",
            < 10800 => $"{minutes}m",
            < 28800 when minutes % 60 == 0 => $"{hours}h",
            < 28800 => $"{hours}h{minutes % 60}m",
            < 172800 => $"{hours}h",
            < 691200 when hours % 24 == 0 => $"{days}d",
            < 691200 => $"{days}d{hours % 24}h",
            < 63072000 => $"{days}d",
            < 252288000 when days % 365 == 0 => $"{days / 365}y",
            < 252288000 => $"{days / 365}y{days % 365}d",
            _ => $"{days / 365}y",
        };
        return text.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Labels of a selector or a map, or <c>&lt;none&gt;</c>.</summary>
    public static string Labels(JsonObject? labels) => labels is null or { Count: 0 }
        ? None
        : string.Join(',', labels.Select(pair => $"{pair.Key}={pair.Value.AsText()}").Order(StringComparer.Ordinal));

    public static string Selector(JsonObject? selector) =>
        selector is null ? None : LabelSelector.Of(selector).ToString() is { Length: > 0 } text ? text : None;

    /// <summary>Names and images of the containers of a pod's spec.</summary>
    public static (string Names, string Images) Containers(JsonNode? podSpec)
    {
        JsonObject[] containers = [.. podSpec.Objects("containers")];
        return (
            string.Join(',', containers.Select(container => container.Text("name"))),
            string.Join(',', containers.Select(container => container.Text("image"))));
    }

    public static string Join(IEnumerable<string> texts, string otherwise = None) =>
        string.Join(',', texts) is { Length: > 0 } joined ? joined : otherwise;
}
