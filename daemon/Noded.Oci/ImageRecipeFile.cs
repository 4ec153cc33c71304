using System.Text.Json;
using Noded.Oci.Recipes;

namespace Noded.Oci;

/// <summary>
/// A recipe as a JSON file. Unknown and repeated members are errors.
/// <code>
/// {
///   "reference": "registry.example/tool:1",
///   "platform": { "os": "linux", "architecture": "amd64" },     optional, this machine's
///   "created": "2026-01-01T00:00:00Z",                          optional, 1970
///   "config": { "user", "entrypoint", "cmd", "env", "workingDir", "labels", "exposedPorts", "stopSignal" },
///   "layers": [ { "entries": [
///     { "file": "/bin/tool", "from": "tool", "mode": "4755", "uid": 0, "gid": 0 },
///     { "file": "/etc/tool.conf", "text": "a = 1\n", "mode": "0644" },
///     { "directory": "/tmp", "mode": "1777" },
///     { "symlink": "/bin/sh", "target": "tool" },
///     { "tree": "/usr/share/tool", "from": "share" }            everything below a directory, with its modes
///   ] } ]
/// }
/// </code>
/// </summary>
public static class ImageRecipeFile
{
    private const int MaxBytes = 4 * 1024 * 1024;

    /// <param name="sourceDirectory">What relative <c>from</c> paths start at; null is the recipe's own directory.</param>
    /// <exception cref="RecipeException">The file is not a recipe, or a source it names is missing.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImageRecipe Load(string path, string? sourceDirectory = null)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (file.Length > MaxBytes)
        {
            throw new RecipeException(path, "$", $"is larger than {MaxBytes} bytes");
        }

        RecipeDocument document;
        try
        {
            document = JsonSerializer.Deserialize(file, RecipeJsonContext.Default.RecipeDocument)
                ?? throw new RecipeException(path, "$", "is null");
        }
        catch (JsonException e)
        {
            throw new RecipeException(path, e.Path ?? "$", Explain(e), e);
        }

        string directory = sourceDirectory ?? Path.GetDirectoryName(Path.GetFullPath(path))!; // a file has a directory
        return new RecipeReader(path, directory).Read(document);
    }

    private static string Explain(JsonException e) => e.InnerException is JsonException syntax
        ? $"is not JSON: {syntax.Message}"
        : $"is unknown here, repeated, or of another type (line {e.LineNumber + 1})";
}
