using Microsoft.Win32.SafeHandles;

namespace Noded.Cni.Plugins;

/// <summary>
/// The entry of the binary as a CNI plugin. It runs per pod: nothing is built before it, no host, no options, no
/// logging.
/// </summary>
public static class CniMain
{
    /// <summary>Null when the process was not started under a plugin's name.</summary>
    /// <param name="argument0">argv[0]: a path or a bare name.</param>
    public static int? TryRun(string argument0)
    {
        string name = Path.GetFileName(argument0);

        if (PluginTable.Find(name) is not ICniPlugin plugin)
        {
            return null;
        }

        // Not the console's streams: those set up a terminal, signal handlers and a thread.
        using Stream input = OpenInherited(0, FileAccess.Read);
        using Stream output = OpenInherited(1, FileAccess.Write);
        using Stream errors = OpenInherited(2, FileAccess.Write);
        return new Skel(CniEnvironment.OfThisProcess, input, output, errors).Run(name, plugin);
    }

    private static FileStream OpenInherited(int fd, FileAccess access) =>
        new(new SafeFileHandle(fd, ownsHandle: false), access, bufferSize: 0);
}
