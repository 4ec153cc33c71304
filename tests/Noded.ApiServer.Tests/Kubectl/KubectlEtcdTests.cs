using Noded.ApiServer.Hosting;
using Noded.Store.Etcd;
using Noded.Testing;

namespace Noded.ApiServer.Tests.Kubectl;

/// <summary>As <see cref="KubectlFixture"/>, with the objects in a real etcd.</summary>
public sealed class KubectlEtcdFixture : KubectlFixture
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-etcd-");
    private EtcdServer[] _etcd = [];
    private EtcdStore? _store;

    internal static bool IsMissing => TestPrograms.TryFind("etcd") is null;

    public override async ValueTask InitializeAsync()
    {
        if (!IsMissing)
        {
            _etcd = await EtcdServer.StartAsync(_directory.FullName, members: 1, tls: [], TestContext.Current.CancellationToken);
        }

        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        foreach (EtcdServer member in _etcd)
        {
            await member.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    private protected override ApiServerOptions Change(ApiServerOptions options)
    {
        if (IsMissing)
        {
            return options;
        }

        _store = new EtcdStore(new([_etcd[0].Address]) { Timeout = TimeSpan.FromMinutes(2) }, TimeProvider.System);
        return options with { Store = _store };
    }
}

/// <summary>A subset of the journeys on etcd.</summary>
[Trait("Category", "Conformance")]
public sealed class KubectlEtcdTests(KubectlEtcdFixture kubectl) : IClassFixture<KubectlEtcdFixture>
{
    [Fact]
    public async Task Object_OnEtcd_LivesFromCreateToDelete()
    {
        Assert.SkipWhen(KubectlEtcdFixture.IsMissing, "Needs the program etcd.");
        string ns = await kubectl.NamespaceAsync();

        await kubectl.RunAsync("-n", ns, "create", "deployment", "web", "--image=example.com/web:1.0", "--replicas=3");
        await kubectl.RunAsync("-n", ns, "scale", "deployment", "web", "--replicas=5");
        await kubectl.RunAsync("-n", ns, "patch", "deployment", "web", "--type=merge", "-p", """{"metadata":{"labels":{"tier":"front"}}}""");
        string state = await kubectl.RunAsync("-n", ns, "get", "deploy", "-l", "tier=front", "-o", "jsonpath={.items[0].spec.replicas}");
        string deleted = await kubectl.RunAsync("-n", ns, "delete", "deployment", "web", "--wait=true");

        Assert.Equal("5", state);
        Assert.Contains("deleted", deleted, StringComparison.Ordinal);
        Assert.Equal("", await kubectl.RunAsync("-n", ns, "get", "deploy", "-o", "name"));
    }

    [Fact]
    public async Task Apply_OnEtcd_MergesAndListsInChunks()
    {
        Assert.SkipWhen(KubectlEtcdFixture.IsMissing, "Needs the program etcd.");
        string ns = await kubectl.NamespaceAsync();
        string manifest = string.Join("\n---\n", Enumerable.Range(0, 12).Select(i =>
            $"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map-{i:00}\n  labels: {{set: one}}\ndata: {{a: b}}\n"));

        await kubectl.RunAsync("-n", ns, "apply", "-f", kubectl.Manifest(manifest));
        string again = await kubectl.RunAsync("-n", ns, "apply", "-f", kubectl.Manifest(manifest.Replace("a: b", "a: c", StringComparison.Ordinal)));
        string names = await kubectl.RunAsync("-n", ns, "get", "cm", "--chunk-size=5", "-l", "set=one", "-o", "name");

        Assert.Equal(12, again.Split('\n').Count(line => line.EndsWith(" configured", StringComparison.Ordinal)));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"configmap/map-{i:00}"), names.Split('\n'));
    }

    [Fact]
    public async Task Namespace_OnEtcd_GoesWithEverythingInIt()
    {
        Assert.SkipWhen(KubectlEtcdFixture.IsMissing, "Needs the program etcd.");
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "configmap", "a", "--from-literal=b=c");

        await kubectl.RunAsync("delete", "namespace", ns, "--timeout=60s");

        Assert.Contains("not found", await kubectl.FailAsync("get", "namespace", ns), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Access_OnEtcd_IsWhatRolesSay()
    {
        Assert.SkipWhen(KubectlEtcdFixture.IsMissing, "Needs the program etcd.");
        string ns = await kubectl.NamespaceAsync();
        await kubectl.RunAsync("-n", ns, "create", "rolebinding", "viewer", "--clusterrole=view", "--user=eve");

        Assert.Equal("yes", await kubectl.RunAsync("-n", ns, "auth", "can-i", "list", "pods", "--as=eve"));
        Assert.StartsWith("no", (await kubectl.TryAsync("-n", ns, "auth", "can-i", "delete", "pods", "--as=eve")).Output, StringComparison.Ordinal);
    }
}
