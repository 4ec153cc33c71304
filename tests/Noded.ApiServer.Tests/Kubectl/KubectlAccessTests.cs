namespace Noded.ApiServer.Tests.Kubectl;

[Trait("Category", "Conformance")]
public sealed class KubectlAccessTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Fact]
    public async Task WhoAmI_Admin_IsTold()
    {
        string who = await kubectl.RunAsync("auth", "whoami");

        Assert.Matches(@"Username\s+admin", who);
        Assert.Contains("[system:masters system:authenticated]", who, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CanI_UserWithRole_MayDoExactlyThat()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "role", "reader", "--verb=get,list", "--resource=configmaps");
        await kubectl.RunAsync("-n", ns, "create", "rolebinding", "reader", "--role=reader", "--user=jane");

        string may = await kubectl.RunAsync("-n", ns, "auth", "can-i", "list", "configmaps", "--as=jane");
        string refusal = await kubectl.FailAsync("-n", ns, "get", "secrets", "--as=jane");
        string rules = await kubectl.RunAsync("-n", ns, "auth", "can-i", "--list", "--as=jane");

        Assert.Equal("yes", may);
        Assert.Equal(
            $"Error from server (Forbidden): secrets is forbidden: User \"jane\" cannot list resource \"secrets\" in API group \"\" in the namespace \"{ns}\"",
            refusal);
        Assert.Matches(@"configmaps\s+\[\]\s+\[\]\s+\[get list\]", rules);
        Assert.Contains("map", await kubectl.RunAsync("-n", ns, "create", "configmap", "map"), StringComparison.Ordinal);
        await kubectl.RunAsync("-n", ns, "get", "configmap", "map", "--as=jane");
        await kubectl.FailAsync("-n", ns, "delete", "configmap", "map", "--as=jane");
    }

    [Fact]
    public async Task CreateToken_OfAnAccount_IsKnownToTheServer()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "serviceaccount", "robot");

        string token = await kubectl.RunAsync("-n", ns, "create", "token", "robot");
        string who = await kubectl.TokenAsync(token, "auth", "whoami");
        await kubectl.RunAsync("-n", ns, "delete", "serviceaccount", "robot");
        string gone = await kubectl.TokenFailAsync(token, "get", "pods");

        Assert.Contains($"system:serviceaccount:{ns}:robot", who, StringComparison.Ordinal);
        Assert.Contains("Unauthorized", gone, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeleteNamespace_WithContent_Ends()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "deployment", "web", "--image=example.com/web");

        string deleted = await kubectl.RunAsync("delete", "namespace", ns, "--timeout=120s");

        Assert.Equal($"namespace \"{ns}\" deleted", deleted);
        Assert.Contains($"namespaces \"{ns}\" not found", await kubectl.FailAsync("-n", ns, "create", "configmap", "late"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeleteNamespace_StuckFinalizer_SaysWhatBlocks()
    {
        string ns = await kubectl.NamespaceAsync();
        string manifest = kubectl.Manifest(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: stuck\n  finalizers: [example.com/wait]\n");
        await kubectl.RunAsync("-n", ns, "create", "-f", manifest);
        await kubectl.RunAsync("delete", "namespace", ns, "--wait=false");

        await kubectl.RunAsync("wait", "namespace", ns, "--for=condition=NamespaceFinalizersRemaining", "--timeout=120s");
        string message = await kubectl.RunAsync(
            "get", "namespace", ns, "-o", "jsonpath={.status.conditions[?(@.type==\"NamespaceFinalizersRemaining\")].message}");
        string late = await kubectl.FailAsync("-n", ns, "create", "configmap", "late");
        await kubectl.RunAsync("-n", ns, "patch", "configmap", "stuck", "--type=merge", "-p", """{"metadata":{"finalizers":null}}""");

        Assert.Equal("Some content in the namespace has finalizers remaining: example.com/wait in 1 resource instances", message);
        Assert.Contains("because it is being terminated", late, StringComparison.Ordinal);
        await kubectl.RunAsync("wait", "namespace", ns, "--for=delete", "--timeout=120s");
    }

    [Fact]
    public async Task CreatePod_InNewNamespace_GetsAccountTokenAndTolerations()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "wait", "serviceaccount/default", "--for=create", "--timeout=60s");

        await kubectl.RunAsync("-n", ns, "run", "web", "--image=example.com/web");

        string pod = await kubectl.RunAsync(
            "-n", ns, "get", "pod", "web", "-o", "jsonpath={.spec.serviceAccountName} {.spec.volumes[0].name} {.spec.tolerations[*].key} {.status.qosClass}");
        Assert.Matches("^default kube-api-access-[a-z0-9]{5} node.kubernetes.io/not-ready node.kubernetes.io/unreachable BestEffort$", pod);
        Assert.Matches(@"web\s+0/1\s+Pending\s+0", await kubectl.RunAsync("-n", ns, "get", "pods"));
        Assert.Contains("pod \"web\" deleted", await kubectl.RunAsync("-n", ns, "delete", "pod", "web"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("background", "")]
    [InlineData("foreground", "")]
    [InlineData("orphan", "configmap/child")]
    public async Task DeleteOwner_WithPropagation_TakesOrLeavesTheDependent(string policy, string left)
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "configmap", "owner");
        string uid = await kubectl.RunAsync("-n", ns, "get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}");
        await kubectl.RunAsync("-n", ns, "create", "-f", kubectl.Manifest($$"""
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: child
              labels: {part: child}
              ownerReferences:
              - {apiVersion: v1, kind: ConfigMap, name: owner, uid: {{uid}}, blockOwnerDeletion: true}
            """));

        await kubectl.RunAsync("-n", ns, "delete", "configmap", "owner", $"--cascade={policy}", "--timeout=60s");
        if (left.Length == 0)
        {
            await kubectl.RunAsync("-n", ns, "wait", "configmap/child", "--for=delete", "--timeout=60s");
        }

        Assert.Equal(left, await kubectl.RunAsync("-n", ns, "get", "configmap", "-l", "part=child", "-o", "name"));
    }
}
