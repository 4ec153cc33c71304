using Noded.Testing;

namespace Noded.Conformance.Tests.Cni;

/// <summary>Whose plugins a suite runs on. A suite is trusted because it passes on the reference, too.</summary>
public enum CniImplementation
{
    /// <summary>The published binary under the plugins' names.</summary>
    Noded,

    /// <summary>The same with a process beside it that does what the plugins are asked for.</summary>
    Served,

    /// <summary>Those of Debian's containernetworking-plugins.</summary>
    Reference,
}

internal static class CniImplementations
{
    private const string ReferenceDirectory = "/usr/lib/cni";

    /// <summary>A directory for CNI_PATH; skips the calling test when the plugins are missing.</summary>
    internal static string Install(this CniImplementation implementation, string directory, params ReadOnlySpan<string> names)
    {
        if (implementation is CniImplementation.Reference)
        {
            Assert.SkipUnless(
                Directory.Exists(ReferenceDirectory), "Needs the package containernetworking-plugins.");
            return ReferenceDirectory;
        }

        string binary = PublishedBinary.Path;
        Directory.CreateDirectory(directory);

        foreach (string name in names)
        {
            File.CreateSymbolicLink(Path.Combine(directory, name), binary);
        }

        return directory;
    }
}
