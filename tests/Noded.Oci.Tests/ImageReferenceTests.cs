namespace Noded.Oci.Tests;

public sealed class ImageReferenceTests
{
    private const string Sha = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("pause", "docker.io/library/pause:latest")]
    [InlineData("noded/pause:1", "docker.io/noded/pause:1")]
    [InlineData("index.docker.io/pause:1", "docker.io/library/pause:1")]
    [InlineData("localhost/pause", "localhost/pause:latest")]
    [InlineData("host:5000/a/b_c:V1", "host:5000/a/b_c:V1")]
    [InlineData("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10")]
    [InlineData("a.b/c@" + Sha, "a.b/c@" + Sha)]
    [InlineData("a.b/c:1@" + Sha, "a.b/c:1@" + Sha)]
    public void Parse_ShortOrFullName_GivesTheFullName(string text, string full) =>
        Assert.Equal(full, ImageReference.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("Upper")]
    [InlineData("a b")]
    [InlineData("a/../b")]
    [InlineData("a:")]
    [InlineData("a@sha256:12")]
    [InlineData("a@sha512:" + "00")]
    [InlineData("/a")]
    [InlineData("a/")]
    public void TryParse_NoImageName_IsFalse(string text) => Assert.False(ImageReference.TryParse(text, out _));
}
