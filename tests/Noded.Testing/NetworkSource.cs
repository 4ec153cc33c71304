using System.Text.Json.Nodes;

namespace Noded.Testing;

/// <summary>
/// Links and routes of this network namespace and of every named one, and the names. Left out: indices, addresses of
/// the hardware, states and counters; of routes, flags and lifetimes, which follow the link and the router.
/// </summary>
internal static class NetworkSource
{
    public static async Task<IEnumerable<InventoryItem>> ReadAsync(CancellationToken cancellationToken)
    {
        if (TestPrograms.TryFind("ip") is null)
        {
            return [];
        }

        List<InventoryItem> items = [.. await ReadNamespaceAsync(null, cancellationToken)];

        foreach (string name in NamedNamespaces())
        {
            items.Add(new InventoryItem($"netns {name}"));
            items.AddRange(await ReadNamespaceAsync(name, cancellationToken));
        }

        return items;
    }

    internal static InventoryItem Link(JsonNode link, string suffix) =>
        new($"link {link["ifname"]}{suffix}", $"{link["linkinfo"]?["info_kind"]}");

    internal static InventoryItem Route(JsonNode route, string suffix)
    {
        string[] parts =
        [
            $"route {route["type"] ?? "unicast"} {route["dst"]}",
            .. Part(route, "gateway", "via"),
            .. Part(route, "dev", "dev"),
            .. Part(route, "table", "table"),
            .. Part(route, "metric", "metric"),
        ];
        return new InventoryItem(string.Join(' ', parts) + suffix);
    }

    private static string[] Part(JsonNode route, string name, string word) =>
        route[name] is JsonNode value ? [$"{word} {value}"] : [];

    private static IEnumerable<string> NamedNamespaces() => Directory.Exists("/run/netns")
        ? Directory.GetFiles("/run/netns").Select(path => Path.GetFileName(path))
        : [];

    private static async Task<IEnumerable<InventoryItem>> ReadNamespaceAsync(
        string? name,
        CancellationToken cancellationToken)
    {
        string suffix = name is null ? "" : $" in netns {name}";
        JsonArray links = await IpAsync(name, ["-details", "link"], cancellationToken);
        JsonArray routes = await IpAsync(name, ["-4", "route", "show", "table", "all"], cancellationToken);
        JsonArray routes6 = await IpAsync(name, ["-6", "route", "show", "table", "all"], cancellationToken);
        return
        [
            .. links.OfType<JsonObject>().Where(link => link.ContainsKey("ifname")).Select(link => Link(link, suffix)),
            .. routes.Concat(routes6).OfType<JsonObject>().Select(route => Route(route, suffix)),
        ];
    }

    private static async Task<JsonArray> IpAsync(string? netns, string[] command, CancellationToken cancellationToken)
    {
        string[] prefix = netns is null ? ["-json"] : ["-netns", netns, "-json"];
        ProgramResult result = await ChildProcess.RunAsync("ip", [.. prefix, .. command], cancellationToken);

        // A stale file in /run/netns, or a namespace that went away meanwhile, has no links.
        return result.ExitCode == 0 && JsonNode.Parse($"[{result.Output}]")?[0] is JsonArray array ? array : [];
    }
}
