namespace Noded.ApiServer.Tests.Kubectl;

/// <summary>Commands of kubectl, each as somebody at a keyboard would use it.</summary>
[Trait("Category", "Conformance")]
public sealed class KubectlCommandTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Theory]
    [InlineData("configmap", "a", "--from-literal=a=b")]
    [InlineData("secret", "generic", "a", "--from-literal=a=b")]
    [InlineData("secret", "docker-registry", "a", "--docker-username=u", "--docker-password=p", "--docker-server=r.example")]
    [InlineData("service", "clusterip", "a", "--tcp=80:8080")]
    [InlineData("service", "nodeport", "a", "--tcp=80")]
    [InlineData("service", "loadbalancer", "a", "--tcp=80")]
    [InlineData("service", "externalname", "a", "--external-name=a.example")]
    [InlineData("serviceaccount", "a")]
    [InlineData("role", "a", "--verb=get", "--resource=pods/log,deployments.apps/scale")]
    [InlineData("rolebinding", "a", "--role=r", "--user=u", "--group=g", "--serviceaccount=default:default")]
    [InlineData("quota", "a", "--hard=pods=10,cpu=1")]
    [InlineData("quota", "a", "--hard=pods=10", "--scopes=BestEffort")]
    [InlineData("poddisruptionbudget", "a", "--selector=a=b", "--min-available=50%")]
    [InlineData("poddisruptionbudget", "a", "--selector=a=b", "--max-unavailable=1")]
    [InlineData("job", "a", "--image=x")]
    [InlineData("cronjob", "a", "--image=x", "--schedule=*/5 * * * *")]
    [InlineData("ingress", "a", "--rule=a.example/=svc:80,tls=sec", "--class=c")]
    [InlineData("ingress", "a", "--default-backend=svc:http")]
    [InlineData("deployment", "a", "--image=x", "--replicas=2", "--port=80")]
    public async Task Create_ByItsGenerator_IsTaken(params string[] arguments)
    {
        string ns = await kubectl.NamespaceAsync();

        string told = await kubectl.RunAsync(["-n", ns, "create", .. arguments]);

        Assert.EndsWith("created", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_JobFromCronJob_HasItsTemplate()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "cronjob", "cj", "--image=example.com/x", "--schedule=@daily");

        await kubectl.RunAsync("-n", ns, "create", "job", "now", "--from=cronjob/cj");

        Assert.Equal(
            "example.com/x cj",
            await kubectl.RunAsync("-n", ns, "get", "job", "now", "-o", "jsonpath={.spec.template.spec.containers[0].image} {.metadata.ownerReferences[0].name}"));
    }

    [Fact]
    public async Task Create_OfAKindThatNobodyHas_SaysSo()
    {
        string refused = await kubectl.FailAsync("create", "-f", kubectl.Manifest("""
            apiVersion: v1
            kind: Gadget
            metadata: {name: x}
            """));

        Assert.Contains("no matches for kind \"Gadget\" in version \"v1\"", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Pod_IsMadeAndDryRunIsNot()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "wait", "--for=create", "serviceaccount/default", "--timeout=30s");

        string tried = await kubectl.RunAsync("-n", ns, "run", "web", "--image=example.com/x", "--dry-run=server");
        string made = await kubectl.RunAsync("-n", ns, "run", "web", "--image=example.com/x", "--labels=a=b", "--port=80", "--env=A=1");

        Assert.Equal(("pod/web created (server dry run)", "pod/web created"), (tried, made));
    }

    [Theory]
    [InlineData("logs", "web")]
    [InlineData("exec", "web", "--", "ls")]
    public async Task Connection_ToAPodWithoutANode_SaysSo(params string[] arguments)
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "wait", "--for=create", "serviceaccount/default", "--timeout=30s");
        await kubectl.RunAsync("-n", ns, "run", "web", "--image=example.com/x");

        string refused = await kubectl.FailAsync(["-n", ns, .. arguments]);

        Assert.Contains("pod web does not have a host assigned", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rollout_StatusOfItsDeployment_FollowsTheStatus()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "deployment", "d", "--image=x");

        string waiting = await kubectl.RunAsync("-n", ns, "rollout", "status", "deploy/d", "--watch=false");
        await kubectl.RunAsync(
            "-n", ns, "patch", "deploy", "d", "--subresource=status", "--type=merge", "-p",
            """{"status":{"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,"observedGeneration":1}}""");
        string done = await kubectl.RunAsync("-n", ns, "rollout", "status", "deploy/d", "--timeout=30s");
        await kubectl.RunAsync("-n", ns, "rollout", "restart", "deploy/d");
        string generation = await kubectl.RunAsync("-n", ns, "get", "deploy", "d", "-o", "jsonpath={.metadata.generation}");
        string ready = await kubectl.RunAsync("-n", ns, "get", "deploy", "d", "--subresource=status", "--no-headers");

        Assert.Equal("Waiting for deployment spec update to be observed...", waiting);
        Assert.Equal("deployment \"d\" successfully rolled out", done);
        Assert.Equal("2", generation);
        Assert.Matches("^d +1/1 +1 +1 ", ready);
    }

    [Fact]
    public async Task Get_WatchWithEvents_NamesThem()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "configmap", "a", "--from-literal=a=b");

        string told = (await kubectl.TryAsync(
            "-n", ns, "get", "configmaps", "a", "--watch", "--output-watch-events", "--request-timeout=2s")).Output;

        Assert.Matches("^EVENT +NAME +DATA +AGE\nADDED +a +1 ", told);
    }

    [Fact]
    public async Task Replace_WithForce_MakesItAnew()
    {
        string ns = await kubectl.NamespaceAsync();
        string manifest = kubectl.Manifest("""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: a}
            data: {a: b}
            """);
        await kubectl.RunAsync("-n", ns, "create", "-f", manifest);
        string before = await kubectl.RunAsync("-n", ns, "get", "configmap", "a", "-o", "jsonpath={.metadata.uid}");

        await kubectl.RunAsync("-n", ns, "replace", "--force", "-f", manifest);

        Assert.NotEqual(before, await kubectl.RunAsync("-n", ns, "get", "configmap", "a", "-o", "jsonpath={.metadata.uid}"));
    }

    [Fact]
    public async Task Top_WithoutMetrics_SaysSo()
    {
        Assert.Equal("error: Metrics API not available", await kubectl.FailAsync("top", "nodes"));
    }

    [Fact]
    public async Task Events_OfAPod_AreShown()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "-f", kubectl.Manifest($$"""
            apiVersion: v1
            kind: Event
            metadata: {name: e, namespace: {{ns}}}
            involvedObject: {apiVersion: v1, kind: Pod, name: p, namespace: {{ns}}}
            reason: Tested
            message: it was
            type: Normal
            lastTimestamp: "2026-01-01T00:00:00Z"
            """));

        string all = await kubectl.RunAsync("-n", ns, "events");
        string other = (await kubectl.TryAsync("-n", ns, "events", "--for", "pod/other")).Error;

        Assert.Matches("Normal +Tested +Pod/p +it was", all);
        Assert.Contains("No events found", other, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AuthReconcile_RoleAndBinding_AddsRulesAndMakesTheBindingAnew()
    {
        string name = $"r-{Guid.NewGuid():N}"[..12];
        await kubectl.RunAsync("create", "clusterrole", name, "--verb=get", "--resource=nodes");
        await kubectl.RunAsync("create", "clusterrolebinding", name, $"--clusterrole={name}", "--user=u");

        string told = (await kubectl.TryAsync("auth", "reconcile", "-f", kubectl.Manifest($$"""
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: {{name}}}
            rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: {{name}}}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
            subjects: [{kind: User, name: v, apiGroup: rbac.authorization.k8s.io}]
            """))).OrThrow().Error;

        Assert.Contains("missing rules added:", told, StringComparison.Ordinal);
        Assert.Contains("reconciliation required recreate", told, StringComparison.Ordinal);
        Assert.Equal("view", await kubectl.RunAsync("get", "clusterrolebinding", name, "-o", "jsonpath={.roleRef.name}"));
    }

    [Fact]
    public async Task Certificate_Approved_CannotBeDenied()
    {
        string name = $"c-{Guid.NewGuid():N}"[..12];
        await kubectl.RunAsync("create", "-f", kubectl.Manifest($$"""
            apiVersion: certificates.k8s.io/v1
            kind: CertificateSigningRequest
            metadata: {name: {{name}}}
            spec: {request: {{Http.EveryKindTests.SigningRequest()}}, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}
            """));

        string approved = await kubectl.RunAsync("certificate", "approve", name);
        string refused = await kubectl.FailAsync("certificate", "deny", name);
        string row = await kubectl.RunAsync("get", "csr", name, "--no-headers");

        Assert.EndsWith($"{name} approved", approved, StringComparison.Ordinal);
        Assert.Contains("is already Approved", refused, StringComparison.Ordinal);
        Assert.EndsWith("Approved", row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drain_Node_IsCordonedAndEmptied()
    {
        string name = $"n-{Guid.NewGuid():N}"[..12];
        await kubectl.RunAsync("create", "-f", kubectl.Manifest($$"""
            apiVersion: v1
            kind: Node
            metadata: {name: {{name}}}
            """));

        await kubectl.RunAsync("taint", "node", name, "a=b:NoSchedule");
        string drained = await kubectl.RunAsync("drain", name, "--ignore-daemonsets", "--timeout=30s");
        string status = await kubectl.RunAsync("get", "node", name, "--no-headers");
        await kubectl.RunAsync("uncordon", name);
        await kubectl.RunAsync("delete", "node", name);

        Assert.EndsWith("drained", drained, StringComparison.Ordinal);
        Assert.Contains("SchedulingDisabled", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_TheServersOwnService_ComesBack()
    {
        string before = await kubectl.RunAsync("get", "service", "kubernetes", "-o", "jsonpath={.metadata.uid}");

        await kubectl.RunAsync("delete", "service", "kubernetes", "--wait=false");
        await kubectl.RunAsync("wait", "--for=create", "service/kubernetes", "--timeout=30s");

        Assert.Equal("10.96.0.1", await kubectl.RunAsync("get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}"));
        Assert.NotEqual(before, await kubectl.RunAsync("get", "service", "kubernetes", "-o", "jsonpath={.metadata.uid}"));
    }

    [Fact]
    public async Task GetRaw_Root_NamesThePaths()
    {
        string paths = await kubectl.RunAsync("get", "--raw", "/");

        Assert.Contains("\"/apis/apps/v1\"", paths, StringComparison.Ordinal);
        Assert.Contains("\"/readyz\"", paths, StringComparison.Ordinal);
    }
}
