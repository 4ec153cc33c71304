using System.Globalization;
using System.Text.RegularExpressions;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>A containerd release; what its configuration looks like depends on it.</summary>
public readonly partial record struct ContainerdVersion(int Major, int Minor, int Patch)
{
    /// <summary>The oldest release whose CRI we speak.</summary>
    public static ContainerdVersion Oldest { get; } = new(1, 6, 0);

    public bool IsSupported => (Major, Minor).CompareTo((Oldest.Major, Oldest.Minor)) >= 0;

    /// <summary>Reads the output of <c>containerd --version</c>.</summary>
    /// <exception cref="FormatException">There is no version in it.</exception>
    public static ContainerdVersion Parse(string output)
    {
        Match match = Pattern.Match(output);
        return match.Success
            ? new ContainerdVersion(Number(match, 1), Number(match, 2), Number(match, 3))
            : throw new FormatException($"there is no version in \"{output.Trim().Split('\n')[0]}\".");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Patch}");

    private static int Number(Match match, int group) =>
        int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\bv?([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})")]
    private static partial Regex Pattern { get; }
}
