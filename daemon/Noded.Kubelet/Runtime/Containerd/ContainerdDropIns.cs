using System.Text;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>What users add to containerd's configuration: the files <c>*.toml</c> of a directory, by their names.</summary>
public static class ContainerdDropIns
{
    /// <summary>One text of all of them; empty when there is none.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static string Read(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return string.Empty;
        }

        StringBuilder text = new();
        foreach (string file in Directory.GetFiles(directory, "*.toml").Order(StringComparer.Ordinal))
        {
            if (Path.GetFileName(file).StartsWith('.'))
            {
                // An editor's or somebody's unfinished business.
                continue;
            }

            text.Append($"\n# {file}\n{File.ReadAllText(file)}\n");
        }

        return text.ToString();
    }
}
