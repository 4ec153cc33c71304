namespace Noded.ApiServer.Tests.Kubectl;

[Trait("Category", "Conformance")]
public sealed class KubectlBasicTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Fact]
    public async Task Version_OfClientAndServer_IsShown()
    {
        Assert.Contains("Server Version: v1.36.", await kubectl.RunAsync("version"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateGetDelete_ConfigMap_LivesAndDies()
    {
        string ns = await kubectl.NamespaceAsync();

        await kubectl.RunAsync("-n", ns, "create", "configmap", "settings", "--from-literal=colour=blue");
        string name = await kubectl.RunAsync("-n", ns, "get", "configmap", "--field-selector=metadata.name=settings", "-o", "name");
        string colour = await kubectl.RunAsync("-n", ns, "get", "cm", "settings", "-o", "jsonpath={.data.colour}");
        string deleted = await kubectl.RunAsync("-n", ns, "delete", "configmap", "settings");

        Assert.Equal("configmap/settings", name);
        Assert.Equal("blue", colour);
        Assert.Equal("configmap \"settings\" deleted", deleted);
        Assert.Contains("NotFound", await kubectl.FailAsync("-n", ns, "get", "cm", "settings"), StringComparison.Ordinal);
    }
}
