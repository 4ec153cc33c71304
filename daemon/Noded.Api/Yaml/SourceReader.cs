using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;

using Noded.Api.Serialization;

namespace Noded.Api.Yaml;

/// <summary>Reads a manifest file, YAML or JSON, into its documents.</summary>
public static class SourceReader
{
    /// <summary>The documents of a file, in order; empty ones are left out.</summary>
    /// <param name="file">What errors call the file.</param>
    /// <exception cref="ManifestException">The file is too large, no UTF-8, or neither YAML nor JSON.</exception>
    public static ImmutableArray<SourceDocument> Read(
        string file,
        ReadOnlySpan<byte> content,
        SourceLimits? limits = null)
    {
        limits ??= SourceLimits.Default;
        if (content.Length > limits.MaxBytes)
        {
            throw new ManifestException(new ManifestError(
                file, 0, "", $"the file is too large: may not be more than {limits.MaxBytes} bytes"));
        }

        if (content.StartsWith(Encoding.UTF8.Preamble))
        {
            content = content[Encoding.UTF8.Preamble.Length..];
        }

        if (!Utf8.IsValid(content))
        {
            throw new ManifestException(
                new ManifestError(file, LineOfBadByte(content), "", "the file is not valid UTF-8"));
        }

        return StartsObject(content)
            ? JsonSourceReader.Read(file, content, limits)
            : YamlSourceReader.Read(file, Encoding.UTF8.GetString(content), limits);
    }

    /// <summary>Upstream's test for JSON: the first character that is no space is an opening brace.</summary>
    private static bool StartsObject(ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<byte> trimmed = content.TrimStart(" \t\r\n"u8);
        return trimmed.Length > 0 && trimmed[0] == '{';
    }

    private static int LineOfBadByte(ReadOnlySpan<byte> content)
    {
        int line = 1;
        while (content.Length > 0)
        {
            int end = content.IndexOf((byte)'\n');
            ReadOnlySpan<byte> text = end < 0 ? content : content[..end];
            if (!Utf8.IsValid(text))
            {
                return line;
            }

            content = end < 0 ? [] : content[(end + 1)..];
            line++;
        }

        return line;
    }
}
