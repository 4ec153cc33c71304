namespace Noded.Cni.Plugins.Tuning;

/// <summary>Names of settings as sysctl(8) reads them: <c>net.ipv4.conf.IFNAME.arp_filter</c>.</summary>
internal static class SysctlName
{
    private const string InterfacePlaceholder = "IFNAME";

    /// <summary>
    /// The path below /proc/sys. When the first separator is a slash, dots are no separators: that is how interfaces with
    /// dots in their names are written.
    /// </summary>
    /// <exception cref="CniException">It does not lead to a setting of the network, which alone is a namespace's own.</exception>
    internal static string PathOf(string name, string interfaceName)
    {
        int first = name.AsSpan().IndexOfAny('.', '/');
        string[] parts = first < 0 || name[first] == '.' ? name.Split('.', '/') : name.Split('/');

        if (parts.Length < 2 || parts[0] != "net" || parts.Any(part => part is "" or "." or ".." || part.Contains('\0', StringComparison.Ordinal)))
        {
            throw new CniException(CniErrorCode.InvalidNetworkConfig, $"invalid net sysctl key: \"{name}\"");
        }

        return string.Join('/', parts.Select(part => part == InterfacePlaceholder ? interfaceName : part));
    }
}
