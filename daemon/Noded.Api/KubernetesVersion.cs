using System.Runtime.InteropServices;

namespace Noded.Api;

/// <summary>The version of Kubernetes whose behaviour node and control plane have.</summary>
public static class KubernetesVersion
{
    public const string Major = "1";

    public const string Minor = "36";

    public const string GitVersion = "v1.36.4";

    public const string GitTreeState = "clean";

    /// <summary>System and processor as Go calls them.</summary>
    public static string Platform { get; } =
        $"linux/{(RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64")}";
}
