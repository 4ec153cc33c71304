using System.Globalization;
using System.Text.RegularExpressions;

namespace Noded.Commands;

/// <summary>Durations as kubectl takes them: <c>90s</c>, <c>5m</c>, <c>1h30m</c>.</summary>
internal static partial class DurationText
{
    [GeneratedRegex(@"^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?$")]
    private static partial Regex Pattern { get; }

    /// <summary>Null when it is none.</summary>
    internal static TimeSpan? TryParse(string text)
    {
        Match match = Pattern.Match(text);
        return match.Success && text.Length > 0
            ? TimeSpan.FromSeconds((3600 * Number(match.Groups[1])) + (60 * Number(match.Groups[2])) + Number(match.Groups[3]))
            : null;
    }

    private static double Number(Group group) =>
        group.Success ? double.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : 0;
}
