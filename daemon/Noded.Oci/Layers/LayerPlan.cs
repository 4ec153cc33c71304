using System.Collections.Immutable;

namespace Noded.Oci.Layers;

/// <summary>
/// Decides what a layer's tar contains and in which order: entries sorted by path, each parent directory before its
/// children, missing ones added as root's with mode 0755.
/// </summary>
internal static class LayerPlan
{
    private const UnixFileMode ParentMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <param name="recipe">Names the recipe in errors.</param>
    /// <exception cref="RecipeException">Two entries have one path, or a path cannot be in a layer.</exception>
    public static ImmutableArray<LayerEntry> Compute(string recipe, ImmutableArray<LayerEntry> entries)
    {
        SortedDictionary<string, LayerEntry> byPath = new(StringComparer.Ordinal);

        foreach (LayerEntry entry in entries)
        {
            if (FindProblem(entry.Path) is string problem)
            {
                throw new RecipeException(recipe, entry.Path, problem);
            }

            if (!byPath.TryAdd(entry.Path, entry))
            {
                throw new RecipeException(recipe, entry.Path, "is in the layer twice");
            }
        }

        foreach (LayerEntry entry in entries)
        {
            AddParents(recipe, entry.Path, byPath);
        }

        return [.. byPath.Values];
    }

    private static void AddParents(string recipe, string path, SortedDictionary<string, LayerEntry> byPath)
    {
        for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            string parent = path[..slash];
            if (!byPath.TryGetValue(parent, out LayerEntry? existing))
            {
                byPath.Add(parent, new LayerEntry.Directory(parent) { Mode = ParentMode });
            }
            else if (existing is not LayerEntry.Directory)
            {
                // Unpacking would follow the link, or fail, depending on the runtime.
                throw new RecipeException(recipe, path, $"lies under {parent}, which is no directory");
            }
        }
    }

    private static string? FindProblem(string path)
    {
        if (!path.StartsWith('/') || path.Length == 1)
        {
            return "is not an absolute path below /";
        }

        foreach (string segment in path[1..].Split('/'))
        {
            if (segment is "" or "." or ".." || segment.Contains('\0', StringComparison.Ordinal))
            {
                return "is not a plain path: no empty parts, '.', '..' or NUL";
            }

            // OCI image-spec, layer.md: the prefix marks files that the layer removes.
            if (segment.StartsWith(".wh.", StringComparison.Ordinal))
            {
                return "has the prefix .wh. that marks removed files";
            }
        }

        return null;
    }
}
