using System.Globalization;
using System.Text.RegularExpressions;

namespace Noded.Api.Serialization;

/// <summary>Durations as metav1.Duration and kubectl have them: <c>90s</c>, <c>5m</c>, <c>1h30m</c>, <c>250ms</c>.</summary>
public static partial class ApiDuration
{
    [GeneratedRegex(@"^(?:(\d{1,6}(?:\.\d{1,6})?)h)?(?:(\d{1,8}(?:\.\d{1,6})?)m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,12}(?:\.\d{1,9})?)ms)?$")]
    private static partial Regex Pattern { get; }

    /// <summary>Null when it is none.</summary>
    public static TimeSpan? TryParse(string text)
    {
        Match match = Pattern.Match(text);
        return text == "0" ? TimeSpan.Zero
            : match.Success && text.Length > 0
                ? TimeSpan.FromSeconds(
                    (3600 * Number(match.Groups[1])) + (60 * Number(match.Groups[2])) + Number(match.Groups[3]))
                    + TimeSpan.FromMilliseconds(Number(match.Groups[4]))
                : null;
    }

    private static double Number(Group group) =>
        group.Success ? double.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : 0;
}
