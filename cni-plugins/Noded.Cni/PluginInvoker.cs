using Noded.Linux.Files;

namespace Noded.Cni;

/// <summary>
/// Finds the plugin that another one delegates to. One that is this very binary is called in this process, which saves
/// its start; any other is executed.
/// </summary>
/// <param name="findOwn">Gives the plugin of a name, null when it is none of ours.</param>
public sealed class PluginInvoker(Func<string, ICniPlugin?> findOwn)
{
    private const string OwnExecutable = "/proc/self/exe";

    /// <exception cref="CniException">No directory of the path has it.</exception>
    public ICniPlugin Find(string type, IReadOnlyList<string> searchPath)
    {
        if (type.Length == 0 || type.Contains('/', StringComparison.Ordinal))
        {
            throw new CniException(CniErrorCode.InvalidNetworkConfig, $"invalid plugin name: {type}");
        }

        foreach (string directory in searchPath)
        {
            string path = Path.Combine(directory, type);

            if (FileStamp.TryRead(path) is FileStamp stamp)
            {
                return IsThisBinary(stamp) && findOwn(type) is ICniPlugin own ? own : new ExecutedPlugin(path);
            }
        }

        throw new CniException(
            CniErrorCode.InvalidNetworkConfig, $"failed to find plugin \"{type}\" in path [{string.Join(' ', searchPath)}]");
    }

    private static bool IsThisBinary(FileStamp stamp) =>
        FileStamp.TryRead(OwnExecutable) is FileStamp own && (own.Device, own.Inode) == (stamp.Device, stamp.Inode);
}
