namespace Noded.Store;

/// <summary>The arithmetic of keys and ranges of keys.</summary>
public static class KeyRange
{
    /// <summary>The first key after all keys that begin with <paramref name="prefix"/>.</summary>
    /// <exception cref="ArgumentException">The prefix is empty or its last character cannot be followed by another.</exception>
    public static string EndOfPrefix(string prefix)
    {
        // The keys of Kubernetes end their prefixes in a slash, so the next character always has the next byte.
        if (prefix.Length == 0 || prefix[^1] >= 0x7f)
        {
            throw new ArgumentException($"The prefix \"{prefix}\" must end in an ASCII character.", nameof(prefix));
        }

        return string.Concat(prefix.AsSpan(0, prefix.Length - 1), ((char)(prefix[^1] + 1)).ToString());
    }

    /// <summary>The first key after <paramref name="key"/>: where a read goes on that ended with it.</summary>
    public static string After(string key) => key + '\0';

    /// <summary>Whether a key lies in the range from <paramref name="start"/> to <paramref name="end"/>.</summary>
    /// <param name="end">The key before which the range stops; null for <paramref name="start"/> alone.</param>
    public static bool Contains(string start, string? end, string key) => end is null
        ? string.Equals(start, key, StringComparison.Ordinal)
        : Compare(start, key) <= 0 && Compare(key, end) < 0;

    /// <summary>Compares keys as bytes of their UTF-8, which is the order of their code points.</summary>
    public static int Compare(string left, string right)
    {
        int common = left.AsSpan().CommonPrefixLength(right);

        if (common == left.Length || common == right.Length)
        {
            return left.Length - right.Length;
        }

        char l = left[common];
        char r = right[common];

        // A surrogate stands for a code point above all that have one character, yet UTF-16 has it before U+E000.
        return char.IsSurrogate(l) == char.IsSurrogate(r) ? l - r : char.IsSurrogate(l) ? 1 : -1;
    }
}
