using System.Collections.Immutable;

namespace Noded.Network;

/// <summary>The CNI plugins in a directory: symbolic links to our binary, which is every plugin by its name.</summary>
/// <param name="directory">Where runtimes look for plugins.</param>
/// <param name="plugins">Names of the plugins that the binary is.</param>
/// <param name="socketLink">The name, and <paramref name="socket"/> where, the plugins find the process that serves them.</param>
public sealed class CniLinks(string directory, ImmutableArray<string> plugins, string socketLink, string socket)
{
    private const string BinaryName = "noded";

    /// <summary>Makes the links that are missing and turns those of another noded to this one.</summary>
    /// <param name="binary">An absolute path.</param>
    /// <param name="force">Also replaces what is not ours.</param>
    /// <returns>The names that stay somebody else's.</returns>
    public ImmutableArray<string> Install(string binary, bool force = false)
    {
        Directory.CreateDirectory(directory);
        ImmutableArray<string>.Builder foreign = ImmutableArray.CreateBuilder<string>();

        foreach (string plugin in plugins)
        {
            string path = Path.Combine(directory, plugin);

            if (IsThere(path) && !IsOurs(path) && !force)
            {
                foreign.Add(plugin);
            }
            else
            {
                Link(plugin, binary);
            }
        }

        Link(socketLink, socket);
        return foreign.ToImmutable();
    }

    /// <summary>Removes the links that are ours, and the directory when nothing else is in it.</summary>
    public void Remove()
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        foreach (string path in plugins.Select(plugin => Path.Combine(directory, plugin)).Where(IsOurs))
        {
            File.Delete(path);
        }

        File.Delete(Path.Combine(directory, socketLink));

        if (!Directory.EnumerateFileSystemEntries(directory).Any())
        {
            Directory.Delete(directory);
        }
    }

    /// <summary>By rename: a runtime that starts the plugin now finds the old one or the new one.</summary>
    private void Link(string name, string target)
    {
        string path = Path.Combine(directory, name);

        if (new FileInfo(path).LinkTarget != target)
        {
            string temporary = Path.Combine(directory, $".{name}.noded");
            File.Delete(temporary);
            File.CreateSymbolicLink(temporary, target);
            File.Move(temporary, path, overwrite: true);
        }
    }

    private static bool IsThere(string path) => File.Exists(path) || new FileInfo(path).LinkTarget is not null;

    private static bool IsOurs(string path) => Path.GetFileName(new FileInfo(path).LinkTarget) == BinaryName;
}
