using System.Text.RegularExpressions;

namespace Noded.Architecture.Tests.Rules;

/// <summary>Words that say nothing about a type, and the names in which they are the field's own.</summary>
internal static partial class TypeNames
{
    /// <summary>Names that somebody else gave: the kernel, CRI, CSI, upstream.</summary>
    internal static readonly IReadOnlyDictionary<string, string> Allowed = new Dictionary<string, string>
    {
        ["ContainerLogManager"] = "upstream's name",
        ["LinkInfoAttribute"] = "the kernel's IFLA_LINKINFO",
        ["MountInfo"] = "the kernel's /proc/PID/mountinfo",
        ["NfBaseChain"] = "nftables' base chain",
        ["NfUserData"] = "nf_tables' userdata",
        ["ProbeManager"] = "upstream's name",
        ["CgroupManager"] = "upstream's name",
        ["EvictionManager"] = "upstream's name",
        ["StatusManager"] = "upstream's name",
        ["VolumeManager"] = "upstream's name",
    };

    internal static IEnumerable<string> Findings(RepositoryFile file) => CSharpText.Types(file.Text)
        .Where(type => Banned.IsMatch(type) && !Allowed.ContainsKey(OfTests.Replace(type, string.Empty)))
        .Select(type => $"{file.Path}: {type} has a word that names nothing");

    /// <summary>The tests of a type are named after it.</summary>
    [GeneratedRegex("Tests$")]
    private static partial Regex OfTests { get; }

    // A whole word of the name, wherever it stands: FooHelper, HelperFoo, but not Database or Information.
    [GeneratedRegex("(?:Helper|Util|Base|Impl|Processor|Data|Info|Wrapper|Manager)s?(?![a-z])")]
    private static partial Regex Banned { get; }
}
