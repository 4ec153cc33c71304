using System.Collections.Immutable;
using System.Text.Json;

namespace Noded.Testing;

/// <summary>
/// What there is on this machine that a node leaves traces in: links, routes, mounts, namespaces, cgroups, nftables,
/// BPF, loop devices, the runtime's processes, files in well-known directories. Two of them tell whether a test, or
/// <c>make stop</c>, left the machine as it was.
/// </summary>
/// <remarks>
/// Each thing is named by what identifies it for a person, without ids, counters and states: what is removed and made
/// again is the same thing. See the sources for what each leaves out.
/// </remarks>
public sealed class MachineInventory
{
    // From what is seen to a remark about it that takes no part in comparing.
    private readonly ImmutableSortedDictionary<string, string> _things;

    internal MachineInventory(IEnumerable<InventoryItem> items) => _things = Index(items);

    /// <summary>
    /// Takes stock. Needs root to see everything; programs that are not installed have left no traces.
    /// </summary>
    /// <param name="exceptBelow">Directories to leave out, such as a sandbox's root still in use.</param>
    public static async Task<MachineInventory> TakeAsync(
        CancellationToken cancellationToken,
        params ImmutableArray<string> exceptBelow) =>
        new([
            .. MountSource.Read(),
            .. CgroupSource.Read(),
            .. ProcessSource.ReadNamespaces(),
            .. ProcessSource.ReadProcesses(),
            .. FileSource.Read(exceptBelow),
            .. await NetworkSource.ReadAsync(cancellationToken),
            .. await NftablesSource.ReadAsync(cancellationToken),
            .. await BpfSource.ReadAsync(cancellationToken),
        ]);

    /// <summary>
    /// One line for each thing that appeared (<c>+ link v0</c>) or went (<c>- link v0</c>), sorted by thing.
    /// </summary>
    public static ImmutableArray<string> Diff(MachineInventory before, MachineInventory after) =>
    [
        .. before._things.Keys.Union(after._things.Keys)
            .Where(thing => before._things.ContainsKey(thing) != after._things.ContainsKey(thing))
            .Order(StringComparer.Ordinal)
            .Select(thing => before._things.TryGetValue(thing, out string? remark)
                ? Line('-', thing, remark)
                : Line('+', thing, after._things[thing])),
    ];

    /// <summary>Reads what <see cref="SaveAsync"/> wrote.</summary>
    public static async Task<MachineInventory> LoadAsync(string path, CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(path);
        Dictionary<string, string> things =
            await JsonSerializer.DeserializeAsync(file, InventoryJsonContext.Default.Things, cancellationToken)
            ?? throw new JsonException($"{path} holds no inventory.");
        return new MachineInventory(things.Select(thing => new InventoryItem(thing.Key, thing.Value)));
    }

    public async Task SaveAsync(string path, CancellationToken cancellationToken)
    {
        await using FileStream file = File.Create(path);
        Dictionary<string, string> things = new(_things);
        await JsonSerializer.SerializeAsync(file, things, InventoryJsonContext.Default.Things, cancellationToken);
    }

    private static string Line(char sign, string thing, string remark) =>
        remark.Length == 0 ? $"{sign} {thing}" : $"{sign} {thing} ({remark})";

    /// <summary>Of equal things the second is called <c>thing #2</c>: mounts stack, and rules repeat.</summary>
    private static ImmutableSortedDictionary<string, string> Index(IEnumerable<InventoryItem> items) => items
        .GroupBy(item => item.Thing, StringComparer.Ordinal)
        .SelectMany(group => group.Select((item, index) => index == 0
            ? item
            : item with { Thing = $"{item.Thing} #{index + 1}" }))
        .ToImmutableSortedDictionary(item => item.Thing, item => item.Remark, StringComparer.Ordinal);
}
