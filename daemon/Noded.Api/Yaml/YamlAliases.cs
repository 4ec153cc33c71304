namespace Noded.Api.Yaml;

/// <summary>What repeating an anchored value costs whoever walks the document later.</summary>
internal static class YamlAliases
{
    /// <summary>
    /// Adds one per value and one per character to <paramref name="cost"/>. Stops counting beyond
    /// <paramref name="limit"/>: a bomb must not explode while it is being measured.
    /// </summary>
    public static int AddCost(SourceNode node, int cost, int limit)
    {
        if (cost > limit)
        {
            return cost;
        }

        cost++;
        switch (node)
        {
            case SourceNode.Text text:
                return cost + text.Value.Length;
            case SourceNode.Sequence sequence:
                foreach (SourceNode item in sequence.Items)
                {
                    cost = AddCost(item, cost, limit);
                }

                return cost;
            case SourceNode.Mapping mapping:
                foreach (SourceEntry entry in mapping.Entries)
                {
                    cost = AddCost(entry.Value, cost + entry.Key.Length, limit);
                }

                return cost;
            default:
                return cost;
        }
    }
}
