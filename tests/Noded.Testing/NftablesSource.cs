using System.Text.Json.Nodes;

namespace Noded.Testing;

/// <summary>The ruleset of nftables. Left out: handles, counters and the remaining life of set elements.</summary>
internal static class NftablesSource
{
    public static async Task<IEnumerable<InventoryItem>> ReadAsync(CancellationToken cancellationToken)
    {
        if (TestPrograms.TryFind("nft") is null)
        {
            return [];
        }

        ProgramResult result = await ChildProcess.RunAsync("nft", ["-j", "list", "ruleset"], cancellationToken);
        return Parse(result.OrThrow().Output);
    }

    internal static IEnumerable<InventoryItem> Parse(string json) =>
        from entry in JsonNode.Parse(json)?["nftables"]?.AsArray() ?? []
        from item in entry!.AsObject()
        where item.Key != "metainfo"
        select new InventoryItem($"nft {item.Key} {Steady(item.Value)?.ToJsonString()}");

    /// <summary>The same tree without what changes by itself.</summary>
    private static JsonNode? Steady(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(
            from member in o
            where member.Key is not ("handle" or "packets" or "bytes" or "expires" or "used")
            select KeyValuePair.Create(member.Key, Steady(member.Value))),
        JsonArray a => new JsonArray([.. a.Select(Steady)]),
        _ => node?.DeepClone(),
    };
}
