namespace Noded.Api;

/// <summary>Absent lists and maps of the API read as empty ones.</summary>
internal static class AbsentCollections
{
    public static IList<T> OrEmpty<T>(this IList<T>? list) => list ?? [];

    public static IDictionary<string, T> OrEmpty<T>(this IDictionary<string, T>? map) =>
        map ?? new Dictionary<string, T>();
}
