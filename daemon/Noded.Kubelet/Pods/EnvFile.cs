namespace Noded.Kubelet.Pods;

/// <summary>
/// A file of variables that a container takes some of (KEP-3721): lines <c>NAME='value'</c>, as a POSIX shell reads them.
/// Between the quotes everything is as it is written, line breaks too; what a shell would have to work out is refused.
/// </summary>
internal static class EnvFile
{
    /// <summary>The value of a variable; null when the file does not have it.</summary>
    /// <exception cref="FormatException">A line in front of it is none of these; the message has its number.</exception>
    internal static string? Find(string content, string name)
    {
        string[] lines = content.ReplaceLineEndings("\n").Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimStart(' ', '\t');
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            (string found, string rest) = SplitName(line, i + 1);
            string value = "";
            // As in a shell, where what comes after a blank is another word.
            if (rest.Length > 0 && rest[0] is not (' ' or '\t'))
            {
                value = ReadQuoted(lines, rest, ref i);
            }

            if (found == name)
            {
                return value;
            }
        }

        return null;
    }

    private static (string Name, string Value) SplitName(string line, int number)
    {
        int equals = line.IndexOf('=', StringComparison.Ordinal);
        return equals switch
        {
            < 0 => throw new FormatException($"line {number}: missing '='"),
            0 => throw new FormatException($"line {number}: empty variable name"),
            _ when line[equals - 1] is ' ' or '\t' =>
                throw new FormatException($"line {number}: whitespace before '=' is not allowed"),
            _ => (line[..equals], line[(equals + 1)..]),
        };
    }

    /// <param name="rest">Of the line, from the quote on.</param>
    /// <param name="line">Becomes that of the closing quote.</param>
    private static string ReadQuoted(string[] lines, string rest, ref int line)
    {
        int first = line + 1;
        if (rest[0] != '\'')
        {
            throw new FormatException($"line {first}: value must be enclosed in single quotes");
        }

        List<string> value = [];
        string text = rest[1..];
        int end;
        while ((end = text.IndexOf('\'', StringComparison.Ordinal)) < 0)
        {
            value.Add(text);
            text = ++line < lines.Length ? lines[line] : throw new FormatException($"line {first}: unclosed single quote");
        }

        value.Add(text[..end]);
        string after = text[(end + 1)..].TrimStart(' ', '\t');
        return after.Length == 0 || after[0] == '#'
            ? string.Join('\n', value)
            : throw new FormatException($"line {line + 1}: unexpected content after closing quote");
    }
}
