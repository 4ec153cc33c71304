using System.Text.Json.Nodes;
using Noded.Api;

namespace Noded.ApiServer;

/// <summary>What the server says of itself at <c>/version</c>.</summary>
internal static class ServerVersion
{
    public static JsonObject Write() => new()
    {
        ["major"] = KubernetesVersion.Major,
        ["minor"] = KubernetesVersion.Minor,
        ["emulationMajor"] = KubernetesVersion.Major,
        ["emulationMinor"] = KubernetesVersion.Minor,
        ["gitVersion"] = KubernetesVersion.GitVersion,
        ["gitCommit"] = "",
        ["gitTreeState"] = KubernetesVersion.GitTreeState,
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = "",
        ["platform"] = KubernetesVersion.Platform,
    };
}
