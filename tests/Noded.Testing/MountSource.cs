namespace Noded.Testing;

/// <summary>
/// The mounts of this process's mount namespace. Left out: options, which remounting changes, and /run/netns itself,
/// which iproute2 mounts at first use and leaves for ever (the namespaces mounted in it are listed).
/// </summary>
internal static class MountSource
{
    public static IEnumerable<InventoryItem> Read() =>
        from mount in MountEntry.ReadAll()
        where mount.Path != "/run/netns"
        select new InventoryItem($"mount {mount.Path} ({mount.FileSystem})");
}
