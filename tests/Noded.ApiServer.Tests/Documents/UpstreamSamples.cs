using Noded.Testing;

namespace Noded.ApiServer.Tests.Documents;

/// <summary>
/// Upstream's own samples of every kind, in JSON and protobuf, which Debian's golang-k8s-api-dev contains;
/// <c>make debian-packages</c> unpacks it.
/// </summary>
internal static class UpstreamSamples
{
    private const string Samples = "usr/share/gocode/src/k8s.io/api/testdata/HEAD";

    public static string? Directory =>
        Path.Combine(RepositoryRoot.Find(), "artifacts", "debian", Samples) is { } path && System.IO.Directory.Exists(path)
            ? path
            : null;

    public static string File(string groupVersion, string kind, string extension) => Path.Combine(
        Directory!, // callers skip where it is missing
        $"{(groupVersion == "v1" ? "core.v1" : groupVersion.Replace('/', '.'))}.{kind}.{extension}");
}
