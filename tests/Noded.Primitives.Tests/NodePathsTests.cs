namespace Noded.Primitives.Tests;

public sealed class NodePathsTests
{
    [Theory]
    [InlineData("/", "/etc/kubernetes/manifests", "/run/noded/containerd.sock")]
    [InlineData("/n1", "/n1/etc/kubernetes/manifests", "/n1/run/noded/containerd.sock")]
    public void Paths_OfARoot_LieBelowIt(string root, string manifests, string socket)
    {
        NodePaths paths = new(root);

        Assert.Equal((manifests, socket), (paths.Manifests, paths.ContainerdSocket));
    }

    [Fact]
    public void CgroupPrefix_OfEachRoot_IsItsOwnAndLasting()
    {
        Assert.Equal("noded", new NodePaths("/").CgroupPrefix);
        Assert.Matches("^noded-[0-9a-f]{8}$", new NodePaths("/n1").CgroupPrefix);
        Assert.Equal(new NodePaths("/n1").CgroupPrefix, new NodePaths("/n1").CgroupPrefix);
        Assert.NotEqual(new NodePaths("/n1").CgroupPrefix, new NodePaths("/n2").CgroupPrefix);
    }

    [Theory]
    [InlineData("kube-system/dns", "kube-system", "dns")]
    [InlineData("web", "default", "web")]
    public void NamespacedName_Parse_ReadsBothForms(string text, string ns, string name) =>
        Assert.Equal(new NamespacedName(ns, name), NamespacedName.Parse(text));

    [Fact]
    public void NamespacedName_Order_IsByNamespaceThenName() => Assert.Equal(
        ["a/y", "b/a", "b/b"],
        "b/b a/y b/a".Split(' ').Select(NamespacedName.Parse).Order().Select(name => name.ToString()));
}
