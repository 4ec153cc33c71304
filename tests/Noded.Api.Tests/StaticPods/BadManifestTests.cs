using Noded.Api.StaticPods;

namespace Noded.Api.Tests.StaticPods;

/// <summary>
/// Manifests/bad holds one manifest per mistake, and beside it the lines a user is to read, for a node called node1.
/// </summary>
public sealed class BadManifestTests
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Manifests", "bad");

    public static TheoryData<string> Manifests =>
    [
        .. Directory.GetFiles(Folder)
            .Where(file => !file.EndsWith(".error", StringComparison.Ordinal))
            .Select(file => Path.GetFileName(file))
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Read_BadManifest_SaysExactlyThis(string name)
    {
        string path = Path.Combine(Folder, name);
        string expected = File.ReadAllText(Path.ChangeExtension(path, ".error")).TrimEnd();

        StaticPodFile file = StaticPodReader.Read(path, File.ReadAllBytes(path), "node1", DateTimeOffset.UnixEpoch);

        Assert.Empty(file.Pods);
        Assert.Equal(expected, string.Join('\n', file.Errors));
    }

    [Fact]
    public void Manifests_OfMistakes_AreManyKinds() => Assert.True(Manifests.Count >= 40);
}
