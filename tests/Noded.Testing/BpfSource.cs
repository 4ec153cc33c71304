using System.Text.Json.Nodes;

namespace Noded.Testing;

/// <summary>
/// Loaded BPF programs, maps and links, and loop devices. Left out: ids and load times. Pins are files and listed as
/// such.
/// </summary>
internal static class BpfSource
{
    public static async Task<IEnumerable<InventoryItem>> ReadAsync(CancellationToken cancellationToken) =>
    [
        .. await ReadAsync("prog", Program, cancellationToken),
        .. await ReadAsync("map", Map, cancellationToken),
        .. await ReadAsync("link", Link, cancellationToken),
        .. LoopDevices(),
    ];

    internal static InventoryItem Program(JsonNode program) =>
        new($"bpf program {program["name"]} {program["type"]} {program["tag"]}", $"id {program["id"]}");

    internal static InventoryItem Map(JsonNode map) =>
        new($"bpf map {map["name"]} {map["type"]} {map["max_entries"]}", $"id {map["id"]}");

    internal static InventoryItem Link(JsonNode link) =>
        new($"bpf link {link["type"]} {link["attach_type"]} {link["cgroup_id"]}", $"id {link["id"]}");

    private static async Task<IEnumerable<InventoryItem>> ReadAsync(
        string kind,
        Func<JsonNode, InventoryItem> describe,
        CancellationToken cancellationToken)
    {
        if (TestPrograms.TryFind("bpftool") is null)
        {
            return [];
        }

        // Fails where the kernel has no such object; then there are none.
        ProgramResult result = await ChildProcess.RunAsync("bpftool", ["-j", kind, "show"], cancellationToken);
        return result.ExitCode == 0 && JsonNode.Parse(result.Output) is JsonArray found
            ? found.OfType<JsonObject>().Where(item => !IsOfBpftool(item)).Select(describe)
            : [];
    }

    /// <summary>bpftool may load a program of its own to look for the holders of the others.</summary>
    private static bool IsOfBpftool(JsonObject item) => item["pids"] is JsonArray { Count: > 0 } holders
        && holders.All(holder => holder?["comm"]?.GetValue<string>() == "bpftool");

    private static IEnumerable<InventoryItem> LoopDevices() =>
        from device in Directory.Exists("/sys/block") ? Directory.GetDirectories("/sys/block", "loop*") : []
        let backing = Path.Combine(device, "loop/backing_file")
        where File.Exists(backing)
        select new InventoryItem($"loop {Path.GetFileName(device)} {File.ReadAllText(backing).Trim()}");
}
