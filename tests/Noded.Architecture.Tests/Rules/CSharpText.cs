using System.Text.RegularExpressions;

namespace Noded.Architecture.Tests.Rules;

/// <summary>Looks at C# as text: enough for rules about names and places.</summary>
internal static partial class CSharpText
{
    /// <summary>The code without comments and without what its strings say.</summary>
    internal static string Code(string text) => CommentOrString.Replace(
        text, match => match.Value.StartsWith('/') ? " " : "\"\"");

    /// <summary>The types that a file declares.</summary>
    internal static IEnumerable<string> Types(string text) =>
        TypeDeclaration.Matches(Code(text)).Select(match => match.Groups["name"].Value);

    /// <summary>The namespace of a file; null when it has none.</summary>
    internal static string? Namespace(string text) =>
        NamespaceDeclaration.Match(Code(text)) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>The test methods of a file as <c>Class.Method</c>.</summary>
    internal static IEnumerable<string> Tests(string text)
    {
        string type = string.Empty;
        foreach (Match match in TypeOrTest.Matches(Code(text)))
        {
            if (match.Groups["test"] is { Success: true } test)
            {
                yield return $"{type}.{test.Value}";
            }
            else
            {
                type = match.Groups["name"].Value;
            }
        }
    }

    /// <summary>Native imports are declared here.</summary>
    internal static bool HasNativeImport(string text) => NativeImport.IsMatch(Code(text));

    // Raw strings first, then verbatim, ordinary and character literals; an ordinary string ends with its line.
    [GeneratedRegex("""""//[^\n]*|/\*.*?\*/|("{3,}).*?\1|@\$?"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""""", RegexOptions.Singleline)]
    private static partial Regex CommentOrString { get; }

    [GeneratedRegex(@"\b(?:class|record struct|record class|record|struct|enum|interface|delegate\s+[\w<>?,.\[\]]+)\s+(?<name>[A-Z]\w*)")]
    private static partial Regex TypeDeclaration { get; }

    [GeneratedRegex(@"\b(?:class|record struct|record|struct)\s+(?<name>[A-Z]\w*)|\[\w*(?:Fact|Theory)\b.*?\b(?:void|Task|ValueTask)\s+(?<test>\w+)\s*\(", RegexOptions.Singleline)]
    private static partial Regex TypeOrTest { get; }

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration { get; }

    [GeneratedRegex(@"\[\s*(?:LibraryImport|DllImport)\s*\(")]
    private static partial Regex NativeImport { get; }
}
