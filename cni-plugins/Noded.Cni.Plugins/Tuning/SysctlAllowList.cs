using System.Text.RegularExpressions;

namespace Noded.Cni.Plugins.Tuning;

/// <summary>
/// The administrator's say: regular expressions, one a line, for the names of settings that configurations may change.
/// Without the file they may change all.
/// </summary>
internal sealed class SysctlAllowList
{
    internal const string DefaultPath = "/etc/cni/tuning/allowlist.conf";

    // A name is short; an expression that takes longer for one is a mistake.
    private static readonly TimeSpan MatchLimit = TimeSpan.FromSeconds(1);

    private readonly string[]? _expressions;

    private SysctlAllowList(string[]? expressions) => _expressions = expressions;

    internal static SysctlAllowList Read(string path)
    {
        try
        {
            return new SysctlAllowList(
                [.. File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0)]);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new SysctlAllowList(null);
        }
    }

    /// <summary>The name, if it may be changed.</summary>
    /// <exception cref="CniException">It may not.</exception>
    internal string Allow(string name) =>
        _expressions is null || _expressions.Any(expression => IsMatch(expression, name))
            ? name
            : throw new CniException(
                CniErrorCode.InvalidNetworkConfig,
                $"Sysctl {name} is not allowed. Only the following sysctls are allowed: [{string.Join(' ', _expressions)}]");

    private static bool IsMatch(string expression, string name)
    {
        try
        {
            return Regex.IsMatch(name, expression, RegexOptions.CultureInvariant, MatchLimit);
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            throw new CniException(
                CniErrorCode.InvalidNetworkConfig, $"the list of allowed sysctls has a bad line: {expression}", e.Message, e);
        }
    }
}
