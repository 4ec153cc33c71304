using k8s.Models;

using Noded.Primitives;

namespace Noded.Api.Pods;

/// <summary>What the names of resources say about them.</summary>
public static class ResourceNames
{
    internal const string HugePagesPrefix = "hugepages-";

    public static bool IsHugePages(string name) => name.StartsWith(HugePagesPrefix, StringComparison.Ordinal);

    public static bool IsStandardForContainers(string name) =>
        name is "cpu" or "memory" or "ephemeral-storage" || IsHugePages(name);

    /// <summary>Devices and the like: <c>example.com/gpu</c>, counted in whole pieces.</summary>
    public static bool IsExtended(string name) =>
        name.Contains('/', StringComparison.Ordinal)
        && !name.Split('/')[0].EndsWith("kubernetes.io", StringComparison.Ordinal)
        && !name.StartsWith("requests.", StringComparison.Ordinal);

    public static bool IsOvercommitAllowed(string name) => !IsHugePages(name) && !IsExtended(name);

    /// <summary>The size of a page, in bytes, that <c>hugepages-2Mi</c> names.</summary>
    public static bool TryGetPageSize(string name, out Quantity size)
    {
        size = Quantity.Zero;
        return IsHugePages(name) && Quantity.TryParse(name[HugePagesPrefix.Length..], out size) && !size.IsZero;
    }

    public static Quantity ToQuantity(this ResourceQuantity quantity) => Quantity.Parse(quantity.ToString());
}
