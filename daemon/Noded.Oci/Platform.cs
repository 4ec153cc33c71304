using System.Runtime.InteropServices;

namespace Noded.Oci;

/// <summary>What an image runs on, in Go's words: <c>linux</c> and <c>amd64</c>, <c>arm64</c>, …</summary>
public sealed record Platform(string Os, string Architecture)
{
    /// <summary>The machine this process runs on.</summary>
    public static Platform Host { get; } = new("linux", RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        System.Runtime.InteropServices.Architecture other => other.ToString().ToLowerInvariant(),
    });

    public override string ToString() => $"{Os}/{Architecture}";
}
