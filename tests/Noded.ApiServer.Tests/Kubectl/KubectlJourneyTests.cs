using Noded.ApiServer.Schemas;
using Noded.ApiServer.Tests.Http;
using Noded.Testing;

namespace Noded.ApiServer.Tests.Kubectl;

[Trait("Category", "Conformance")]
public sealed class KubectlJourneyTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          labels: {app: web}
        spec:
          replicas: 2
          selector:
            matchLabels: {app: web}
          template:
            metadata:
              labels: {app: web}
            spec:
              containers:
              - name: web
                image: example.com/web:1.0
                ports:
                - containerPort: 80
                env:
                - {name: A, value: one}
                - {name: B, value: two}
        """;

    [Fact]
    public async Task CreateDeployment_Generated_IsDefaultedAndShown()
    {
        string ns = await kubectl.NamespaceAsync();

        await kubectl.RunAsync("-n", ns, "create", "deployment", "web", "--image=example.com/web:1.0", "--replicas=3");

        string table = await kubectl.RunAsync("-n", ns, "get", "deployments");
        string wide = await kubectl.RunAsync("-n", ns, "get", "deploy", "web", "-o", "wide");
        string policy = await kubectl.RunAsync(
            "-n", ns, "get", "deploy", "web", "-o", "jsonpath={.spec.strategy.rollingUpdate.maxSurge} {.metadata.generation}");
        Assert.StartsWith("NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    0/3     0            0", table, StringComparison.Ordinal);
        Assert.Contains("example.com/web:1.0   app=web", wide, StringComparison.Ordinal);
        Assert.Equal("25% 1", policy);
    }

    [Fact]
    public async Task Apply_ChangedManifest_MergesByContainerAndKeepsTheRest()
    {
        string ns = await kubectl.NamespaceAsync();
        string first = await kubectl.RunAsync("-n", ns, "apply", "-f", kubectl.Manifest(Deployment));
        await kubectl.RunAsync("-n", ns, "scale", "deployment", "web", "--replicas=5");
        string changed = Deployment
            .Replace("web:1.0", "web:2.0", StringComparison.Ordinal)
            .Replace("\n        - {name: B, value: two}", "", StringComparison.Ordinal)
            .Replace("  replicas: 2\n", "", StringComparison.Ordinal);

        string unchanged = await kubectl.RunAsync("-n", ns, "apply", "-f", kubectl.Manifest(Deployment.Replace("replicas: 2", "replicas: 5", StringComparison.Ordinal)));
        ProgramResult diff = await kubectl.TryAsync("-n", ns, "diff", "-f", kubectl.Manifest(changed));
        string second = await kubectl.RunAsync("-n", ns, "apply", "-f", kubectl.Manifest(changed));

        string state = await kubectl.RunAsync(
            "-n", ns, "get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[*].name}");
        Assert.Equal("deployment.apps/web created", first);
        Assert.Equal("deployment.apps/web configured", unchanged);
        Assert.Equal(1, diff.ExitCode);
        Assert.Contains("+        image: example.com/web:2.0", diff.Output, StringComparison.Ordinal);
        Assert.Equal("deployment.apps/web configured", second);
        Assert.Equal("example.com/web:2.0 A", state);
    }

    [Fact]
    public async Task Apply_UnknownField_IsRefusedInUpstreamsWords()
    {
        string ns = await kubectl.NamespaceAsync();
        string wrong = Deployment.Replace("  replicas: 2", "  replica: 2", StringComparison.Ordinal);

        string error = await kubectl.FailAsync("-n", ns, "apply", "-f", kubectl.Manifest(wrong));

        Assert.Contains(
            "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.replica\"",
            error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patch_OfEachKind_ChangesTheObject()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "-f", kubectl.Manifest(Deployment));

        await kubectl.RunAsync("-n", ns, "patch", "deployment", "web", "-p", """{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"example.com/side:1"}]}}}}""");
        await kubectl.RunAsync("-n", ns, "patch", "deployment", "web", "--type=merge", "-p", """{"metadata":{"labels":{"tier":"front"}}}""");
        await kubectl.RunAsync("-n", ns, "patch", "deployment", "web", "--type=json", "-p", """[{"op":"replace","path":"/spec/replicas","value":7}]""");

        string state = await kubectl.RunAsync(
            "-n", ns, "get", "deploy", "web", "-o", "jsonpath={.spec.replicas} {.metadata.labels.tier} {.spec.template.spec.containers[*].name}");
        Assert.Equal("7 front side web", state);
    }

    [Fact]
    public async Task LabelAnnotateEditReplace_Object_IsChanged()
    {
        string ns = await kubectl.NamespaceAsync();
        string manifest = kubectl.Manifest(Deployment);
        await kubectl.RunAsync("-n", ns, "create", "-f", manifest);

        await kubectl.RunAsync("-n", ns, "label", "deployment", "web", "zone=a");
        await kubectl.RunAsync("-n", ns, "annotate", "deployment", "web", "note=hello");
        string editor = Path.Combine(kubectl.Server.Directory, "editor.sh");
        await File.WriteAllTextAsync(editor, "#!/bin/sh\nsed -i 's/replicas: 2/replicas: 4/' \"$1\"\n", TestContext.Current.CancellationToken);
        await ChildProcess.RunAsync("chmod", ["+x", editor], TestContext.Current.CancellationToken);
        await kubectl.EditAsync(editor, "-n", ns, "edit", "deployment", "web");

        string state = await kubectl.RunAsync(
            "-n", ns, "get", "deploy", "-l", "zone=a", "-o", "jsonpath={.items[0].metadata.annotations.note} {.items[0].spec.replicas}");
        Assert.Equal("hello 4", state);
        Assert.Equal("deployment.apps/web replaced", await kubectl.RunAsync("-n", ns, "replace", "-f", manifest));
    }

    [Fact]
    public async Task Explain_Recursive_KnowsTheFields()
    {
        string explained = await kubectl.RunAsync("explain", "pod.spec.containers", "--recursive");

        Assert.Contains("GROUP", await kubectl.RunAsync("explain", "deployment"), StringComparison.Ordinal);
        Assert.Contains("imagePullPolicy\t<string>", explained, StringComparison.Ordinal);
        Assert.Contains("-required-", explained, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_KindAndField_TellsWhatTheyAreFor()
    {
        string kind = await kubectl.RunAsync("explain", "deployment");
        string field = await kubectl.RunAsync("explain", "pod.spec.containers");

        Assert.Contains("Deployment enables declarative updates for Pods and ReplicaSets.", kind, StringComparison.Ordinal);
        Assert.Contains("spec\t<DeploymentSpec>\n    Specification of the desired behavior of the Deployment.", kind, StringComparison.Ordinal);
        Assert.Contains("FIELD: containers <[]Container>", field, StringComparison.Ordinal);
        Assert.Contains("List of containers belonging to the pod. Containers cannot currently be", field, StringComparison.Ordinal);
        Assert.Contains("A single application container that you want to run within a pod.", field, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApiResources_All_AreListed()
    {
        string resources = await kubectl.RunAsync("api-resources", "--no-headers");
        string all = await kubectl.RunAsync("api-resources", "--categories=all", "-o", "name");

        Assert.Matches(@"deployments\s+deploy\s+apps/v1\s+true\s+Deployment", resources);
        string[] served = [.. SchemaCatalog.BuiltIn.Resources.Select(resource => resource.QualifiedName).Distinct().Order()];
        Assert.Equal(served, (await kubectl.RunAsync("api-resources", "-o", "name")).Split('\n').Order());
        Assert.Contains("statefulsets.apps", all, StringComparison.Ordinal);
        Assert.Contains("batch/v1", await kubectl.RunAsync("api-versions"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_InChunks_SeesEveryObjectOnce()
    {
        string ns = await kubectl.NamespaceAsync();
        string manifest = string.Join("\n---\n", Enumerable.Range(0, 23).Select(i =>
            $"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map-{i:00}\n"));
        await kubectl.RunAsync("-n", ns, "create", "-f", kubectl.Manifest(manifest));

        string names = await kubectl.RunAsync("-n", ns, "get", "cm", "--chunk-size=5", "-o", "name");

        Assert.Equal(Enumerable.Range(0, 23).Select(i => $"configmap/map-{i:00}"), names.Split('\n').Where(name => name.Contains("map-", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Wait_ForDeletionAndCondition_Ends()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "-f", kubectl.Manifest(Deployment));
        await kubectl.RunAsync(
            "-n", ns, "patch", "deployment", "web", "--subresource=status", "--type=merge", "-p",
            """{"status":{"conditions":[{"type":"Available","status":"True"}]}}""");

        string met = await kubectl.RunAsync("-n", ns, "wait", "deployment/web", "--for=condition=Available", "--timeout=60s");
        string deleted = await kubectl.RunAsync("-n", ns, "delete", "deployment", "web", "--wait=true");

        Assert.Equal("deployment.apps/web condition met", met);
        Assert.Contains("deleted", deleted, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Expose_Deployment_GetsAnAddressAndNodePort()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "-f", kubectl.Manifest(Deployment));

        await kubectl.RunAsync("-n", ns, "expose", "deployment", "web", "--type=NodePort", "--port=80");

        string table = await kubectl.RunAsync("-n", ns, "get", "services", "--no-headers");
        Assert.Matches(@"^web\s+NodePort\s+10\.\d+\.\d+\.\d+\s+<none>\s+80:3\d{4}/TCP", table);
        string address = await kubectl.RunAsync("-n", ns, "get", "svc", "web", "-o", "jsonpath={.spec.clusterIP}");
        string taken = await kubectl.FailAsync("-n", ns, "create", "service", "clusterip", "other", "--tcp=80", $"--clusterip={address}");
        Assert.Contains("provided IP is already allocated", taken, StringComparison.Ordinal);
        await kubectl.RunAsync("-n", ns, "delete", "service", "web");
        await kubectl.RunAsync("-n", ns, "create", "service", "clusterip", "other", "--tcp=80", $"--clusterip={address}");
    }

    [Fact]
    public async Task Describe_OfManyKinds_ShowsThem()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "-f", kubectl.Manifest(Deployment));
        await kubectl.RunAsync("-n", ns, "create", "secret", "generic", "s", "--from-literal=a=b");

        Assert.Contains("RollingUpdateStrategy:  25% max unavailable", await kubectl.RunAsync("-n", ns, "describe", "deployment", "web"), StringComparison.Ordinal);
        Assert.Contains("a:  1 bytes", await kubectl.RunAsync("-n", ns, "describe", "secret", "s"), StringComparison.Ordinal);
        Assert.Contains("Status:       Active", await kubectl.RunAsync("describe", "namespace", ns), StringComparison.Ordinal);
        Assert.Contains("kubernetes", await kubectl.RunAsync("-n", "default", "describe", "service", "kubernetes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApplyPrune_ManifestIsGone_DeletesItsObject()
    {
        string ns = await kubectl.NamespaceAsync();
        string both = kubectl.Manifest(Map("kept") + "---\n" + Map("pruned"));
        await kubectl.RunAsync("-n", ns, "apply", "-f", both, "--prune", "-l", "set=one");

        string pruned = await kubectl.RunAsync("-n", ns, "apply", "-f", kubectl.Manifest(Map("kept")), "--prune", "-l", "set=one");

        Assert.Contains("configmap/pruned pruned", pruned, StringComparison.Ordinal);
        Assert.Equal("configmap/kept", await kubectl.RunAsync("-n", ns, "get", "cm", "-l", "set=one", "-o", "name"));

        static string Map(string name) => $"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  labels: {{set: one}}\ndata: {{a: b}}\n";
    }

    [Fact]
    public async Task Get_InEachFormat_ShowsTheObject()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "-f", kubectl.Manifest(Deployment));

        string columns = await kubectl.RunAsync(
            "-n", ns, "get", "deploy", "-o", "custom-columns=NAME:.metadata.name,IMAGE:.spec.template.spec.containers[0].image");
        string yaml = await kubectl.RunAsync("-n", ns, "get", "deploy", "web", "-o", "yaml");
        string json = await kubectl.RunAsync("-n", ns, "get", "deploy", "web", "-o", "json");
        string name = await kubectl.RunAsync("-n", ns, "get", "deploy", "-o", "name");
        string sorted = await kubectl.RunAsync("-n", ns, "get", "deploy", "--sort-by=.metadata.name", "-o", "jsonpath={range .items[*]}{.metadata.name}{end}");
        string labels = await kubectl.RunAsync("-n", ns, "get", "deploy", "--show-labels", "--no-headers");

        Assert.Matches(@"^NAME\s+IMAGE\nweb\s+example.com/web:1.0$", columns);
        Assert.Contains("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n", yaml, StringComparison.Ordinal);
        Assert.Equal("web", System.Text.Json.Nodes.JsonNode.Parse(json)!["metadata"]!["name"]!.ToString());
        Assert.Equal(("deployment.apps/web", "web"), (name, sorted));
        Assert.EndsWith("app=web", labels, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetWatch_Object_ShowsItsChangesAsTheyHappen()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "configmap", "watched", "--from-literal=a=b");
        await using ChildProcess watch = kubectl.Start("-n", ns, "get", "cm", "watched", "--watch", "--output-watch-events", "--no-headers");
        string first = await watch.Output.ReadAsync(TestContext.Current.CancellationToken);

        await kubectl.RunAsync("-n", ns, "label", "cm", "watched", "x=y");
        string second = await watch.Output.ReadAsync(TestContext.Current.CancellationToken);
        await kubectl.RunAsync("-n", ns, "delete", "cm", "watched");
        string third = await watch.Output.ReadAsync(TestContext.Current.CancellationToken);

        Assert.Matches(@"^ADDED\s+watched\s+1", first);
        Assert.Matches(@"^MODIFIED\s+watched\s+1", second);
        Assert.Matches(@"^DELETED\s+watched\s+1", third);
    }

    [Fact]
    public async Task Wait_ForAFieldsValue_Ends()
    {
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "-f", kubectl.Manifest(Deployment));
        Task<string> waiting = kubectl.RunAsync(
            "-n", ns, "wait", "deployment/web", "--for=jsonpath={.spec.replicas}=6", "--timeout=120s");

        await kubectl.RunAsync("-n", ns, "scale", "deployment", "web", "--replicas=6");

        Assert.Equal("deployment.apps/web condition met", await waiting);
    }

    [Fact]
    public async Task Explain_EveryKind_KnowsItsFields()
    {
        foreach (ResourceDefinition resource in SchemaCatalog.BuiltIn.Resources.Where(resource => resource.Verbs.Contains("list")))
        {
            string explained = await kubectl.RunAsync(
                "explain", resource.Name, $"--api-version={resource.GroupVersion}", "--recursive");

            Assert.Contains($"KIND:       {resource.Kind}\n", explained, StringComparison.Ordinal);
            Assert.Contains("  metadata\t<ObjectMeta>", explained, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Describe_EveryKind_ShowsIt()
    {
        using HttpClient admin = kubectl.Server.Admin();

        // Of these kubectl 1.32 describes the beta versions, which are not served.
        foreach (ResourceDefinition resource in SchemaCatalog.BuiltIn.Resources
            .Where(resource => resource.IsStored && resource.Name is not ("ipaddresses" or "servicecidrs" or "volumeattributesclasses")))
        {
            string name = $"n-{Guid.NewGuid():N}"[..12];
            string root = resource.Group.Length == 0 ? "/api/v1" : $"/apis/{resource.GroupVersion}";
            string path = resource.IsNamespaced ? $"{root}/namespaces/default/{resource.Name}" : $"{root}/{resource.Name}";
            using StringContent body = new(
                EveryKindTests.Sample(resource, name).ToJsonString(), System.Text.Encoding.UTF8, "application/json");
            using HttpResponseMessage made = await admin.PostAsync(path, body, TestContext.Current.CancellationToken);
            Assert.True(made.IsSuccessStatusCode, resource.Name);

            string kind = resource.Group.Length == 0 ? resource.Name : $"{resource.Name}.{resource.Version}.{resource.Group}";
            string described = await kubectl.RunAsync("describe", kind, name, "-n", "default");

            Assert.Matches($@"Name:\s+{System.Text.RegularExpressions.Regex.Escape(name)}", described);
        }
    }
}
