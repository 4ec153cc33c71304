using System.Collections.Immutable;
using System.Text;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Probes;

/// <summary>
/// What a pod's containers have achieved, kept over a restart of the daemon: it must not take a pod that serves out of
/// service. One line each, <c>CONTAINER Readiness</c> or <c>CONTAINER Startup</c>; no file when there is nothing.
/// </summary>
internal sealed class ProbeStateFile(string path)
{
    /// <summary>A line that is not understood counts as not achieved.</summary>
    internal ImmutableHashSet<(ContainerId Container, ProbeKind Kind)> Read()
    {
        try
        {
            return
            [
                .. File.ReadAllLines(path).Select(line => line.Split(' '))
                    .Where(words => words.Length == 2 && Enum.TryParse<ProbeKind>(words[1], out _))
                    .Select(words => (new ContainerId(words[0]), Enum.Parse<ProbeKind>(words[1]))),
            ];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    internal void Write(IReadOnlyCollection<(ContainerId Container, ProbeKind Kind)> achieved)
    {
        if (achieved.Count == 0)
        {
            Remove();
            return;
        }

        StringBuilder text = new();
        foreach ((ContainerId container, ProbeKind kind) in achieved)
        {
            text.Append(container.Value).Append(' ').Append(kind).Append('\n');
        }

        // No fsync: what a crash of the machine loses, it loses with the containers.
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string partial = path + ".new";
        File.WriteAllText(partial, text.ToString());
        File.Move(partial, path, overwrite: true);
    }

    internal void Remove()
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing was ever kept.
        }
    }
}
