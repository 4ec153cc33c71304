using Noded.Primitives;

namespace Noded.Kubelet.Logs;

/// <summary>The flat directory of links to all containers' logs, <c>/var/log/containers</c>, which log collectors read.</summary>
internal static class LogLinks
{
    /// <summary>ext4's limit of a file's name.</summary>
    private const int MaxName = 255;

    private const string Suffix = ".log";

    internal static string NameOf(NamespacedName pod, string container, string id)
    {
        string name = $"{pod.Name}_{pod.Namespace}_{container}-{id}";
        return (name.Length > MaxName - Suffix.Length ? name[..(MaxName - Suffix.Length)] : name) + Suffix;
    }

    /// <summary>One that is there and right stays.</summary>
    internal static void Make(string directory, string name, string log)
    {
        string link = Path.Combine(directory, name);
        FileInfo there = new(link);
        if (there.LinkTarget == log)
        {
            return;
        }

        Directory.CreateDirectory(directory);
        there.Delete();
        File.CreateSymbolicLink(link, log);
    }

    /// <summary>One that is not there is removed already.</summary>
    internal static void Remove(string directory, string name)
    {
        if (Directory.Exists(directory))
        {
            File.Delete(Path.Combine(directory, name));
        }
    }

    /// <summary>Removes the links into <paramref name="logs"/> whose log is gone; those of others stay.</summary>
    internal static void Sweep(string directory, string logs)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        foreach (FileInfo link in new DirectoryInfo(directory).EnumerateFiles())
        {
            if (link.LinkTarget is { } target
                && target.StartsWith(logs + "/", StringComparison.Ordinal)
                && !File.Exists(target))
            {
                link.Delete();
            }
        }
    }
}
