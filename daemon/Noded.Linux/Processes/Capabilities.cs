using System.Globalization;

namespace Noded.Linux.Processes;

/// <summary>What the kernel lets this process do (capabilities(7)).</summary>
public static class Capabilities
{
    /// <summary>CAP_SYS_RESOURCE: lower OOM scores, higher hard limits.</summary>
    public const int SysResource = 24;

    /// <summary>Whether the capability is in this process's effective set.</summary>
    public static bool Has(int capability)
    {
        const string Field = "CapEff:";
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Field, StringComparison.Ordinal));
        ulong effective = ulong.Parse(line.AsSpan(Field.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (effective >> capability & 1) != 0;
    }
}
