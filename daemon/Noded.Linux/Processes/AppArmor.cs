namespace Noded.Linux.Processes;

/// <summary>The AppArmor security module (Documentation/admin-guide/LSM/apparmor.rst).</summary>
public static class AppArmor
{
    /// <summary>Whether the kernel enforces profiles.</summary>
    public static bool IsEnabled()
    {
        const string Switch = "/sys/module/apparmor/parameters/enabled";
        return File.Exists(Switch) && File.ReadAllText(Switch).StartsWith('Y');
    }
}
