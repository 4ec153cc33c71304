using System.Collections.Frozen;

namespace Noded.ApiServer.Strategies;

/// <summary>The strategy of each resource that has one of its own.</summary>
internal static class StrategyTable
{
    public static FrozenDictionary<string, Strategy> All { get; } =
        new Dictionary<string, Strategy>(StringComparer.Ordinal)
        {
        }.ToFrozenDictionary(StringComparer.Ordinal);
}
