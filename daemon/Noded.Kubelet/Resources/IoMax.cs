using System.Collections.Immutable;
using Noded.Linux.Cgroups;
using Noded.Primitives;

namespace Noded.Kubelet.Resources;

/// <summary>
/// The annotation <c>noded.dev/io-max</c>: what a pod may read and write per second. Kubernetes has no field for it.
/// One entry for each device, separated by semicolons, in the words of the kernel's io.max with quantities as numbers:
/// <c>/dev/vda rbps=10Mi wiops=200; 8:16 wbps=1Mi</c>.
/// </summary>
internal static class IoMax
{
    internal const string Annotation = "noded.dev/io-max";

    /// <summary>The limits, with each device as it is named.</summary>
    /// <param name="error">What is wrong; null if nothing is.</param>
    internal static ImmutableArray<IoLimit> Parse(string text, out string? error)
    {
        ImmutableArray<IoLimit>.Builder limits = ImmutableArray.CreateBuilder<IoLimit>();
        foreach (string entry in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] words = entry.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!IsDevice(words[0]))
            {
                error = $"\"{words[0]}\" is no device: needs a path below /dev, or MAJOR:MINOR";
                return [];
            }

            if (words.Length == 1)
            {
                error = $"{words[0]} has no limit: needs one of rbps, wbps, riops, wiops";
                return [];
            }

            IoLimit limit = new(words[0]);
            foreach (string word in words[1..])
            {
                if (TrySet(limit, word) is not { } set)
                {
                    error = $"\"{word}\" is no limit: needs rbps, wbps, riops or wiops, \"=\" and a quantity of at least 1";
                    return [];
                }

                limit = set;
            }

            limits.Add(limit);
        }

        error = limits.Count == 0 ? "names no device" : null;
        return limits.ToImmutable();
    }

    private static bool IsDevice(string word) =>
        (word.StartsWith("/dev/", StringComparison.Ordinal) && !word.Contains("..", StringComparison.Ordinal))
        || (word.Split(':') is [string major, string minor] && uint.TryParse(major, out _) && uint.TryParse(minor, out _));

    private static IoLimit? TrySet(IoLimit limit, string word)
    {
        if (word.Split('=') is not [string key, string text] || !Quantity.TryParse(text, out Quantity quantity)
            || quantity < Quantity.FromValue(1))
        {
            return null;
        }

        return key switch
        {
            "rbps" => limit with { ReadBytes = quantity.Value },
            "wbps" => limit with { WriteBytes = quantity.Value },
            "riops" => limit with { ReadOperations = quantity.Value },
            "wiops" => limit with { WriteOperations = quantity.Value },
            _ => null,
        };
    }
}
