namespace Noded.Linux.Systemd;

/// <summary>
/// Names of slices (systemd.slice(5)): a dash divides a name into those of the slices above it, so a part's own dashes
/// become underscores, as upstream's kubelet has them.
/// </summary>
internal static class SliceName
{
    internal const string Suffix = ".slice";

    /// <summary>The cgroup of a slice of these parts: <c>a.slice/a-b.slice</c> for a and b.</summary>
    internal static string ToCgroup(params ReadOnlySpan<string> parts)
    {
        List<string> slices = [];
        string name = "";
        foreach (string part in parts)
        {
            string escaped = part.Replace('-', '_');
            name = name.Length == 0 ? escaped : $"{name}-{escaped}";
            slices.Add(name + Suffix);
        }

        return string.Join('/', slices);
    }
}
