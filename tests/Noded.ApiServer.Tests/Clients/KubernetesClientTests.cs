using System.Net;

using k8s;
using k8s.Autorest;
using k8s.Models;

using Noded.ApiServer.Tests.Http;

namespace Noded.ApiServer.Tests.Clients;

/// <summary>The client library of .NET programs, as it is published, against the server over TLS.</summary>
public sealed class KubernetesClientTests : IClassFixture<ApiServerFixture>, IDisposable
{
    private readonly ApiServerFixture _api;
    private readonly Kubernetes _client;

    public KubernetesClientTests(ApiServerFixture api)
    {
        _api = api;
        string kubeconfig = api.Server.WriteKubeconfig("admin", "system:masters");
        _client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Typed_Deployment_LivesFromCreateToDelete()
    {
        string ns = await NamespaceAsync();

        V1Deployment made = await _client.AppsV1.CreateNamespacedDeploymentAsync(Deployment("web"), ns, cancellationToken: Token);
        made.Spec.Replicas = 3;
        V1Deployment updated = await _client.AppsV1.ReplaceNamespacedDeploymentAsync(made, "web", ns, cancellationToken: Token);
        V1Scale scale = await _client.AppsV1.ReadNamespacedDeploymentScaleAsync("web", ns, cancellationToken: Token);
        V1DeploymentList list = await _client.AppsV1.ListNamespacedDeploymentAsync(ns, labelSelector: "app=web", cancellationToken: Token);
        V1Status deleted = await _client.AppsV1.DeleteNamespacedDeploymentAsync("web", ns, cancellationToken: Token);

        Assert.Equal("RollingUpdate", made.Spec.Strategy.Type);
        Assert.Equal("25%", made.Spec.Strategy.RollingUpdate.MaxSurge.ToString());
        Assert.Equal("100m", made.Spec.Template.Spec.Containers[0].Resources.Requests["cpu"].ToString());
        Assert.Equal(2, updated.Metadata.Generation);
        Assert.Equal(3, scale.Spec.Replicas);
        Assert.Equal("web", Assert.Single(list.Items).Metadata.Name);
        Assert.Equal("Success", deleted.Status);
    }

    [Fact]
    public async Task Typed_ConflictAndMissing_AreTheirErrors()
    {
        string ns = await NamespaceAsync();
        V1ConfigMap map = new() { Metadata = new V1ObjectMeta { Name = "a" } };
        V1ConfigMap first = await _client.CoreV1.CreateNamespacedConfigMapAsync(map, ns, cancellationToken: Token);
        first.Data = new Dictionary<string, string> { ["x"] = "1" };
        await _client.CoreV1.ReplaceNamespacedConfigMapAsync(first, "a", ns, cancellationToken: Token);

        HttpOperationException conflict = await Assert.ThrowsAsync<HttpOperationException>(
            () => _client.CoreV1.ReplaceNamespacedConfigMapAsync(first, "a", ns, cancellationToken: Token));
        HttpOperationException missing = await Assert.ThrowsAsync<HttpOperationException>(
            () => _client.CoreV1.ReadNamespacedConfigMapAsync("none", ns, cancellationToken: Token));

        Assert.Equal(HttpStatusCode.Conflict, conflict.Response.StatusCode);
        Assert.Equal("NotFound", KubernetesJson.Deserialize<V1Status>(missing.Response.Content).Reason);
    }

    [Theory]
    [InlineData(V1Patch.PatchType.MergePatch, """{"data":{"x":"2","y":null}}""", "x=2")]
    [InlineData(V1Patch.PatchType.JsonPatch, """[{"op":"replace","path":"/data/x","value":"2"}]""", "x=2,y=1")]
    [InlineData(V1Patch.PatchType.StrategicMergePatch, """{"data":{"z":"3"}}""", "x=1,y=1,z=3")]
    public async Task Patch_OfEachKind_ChangesTheObject(V1Patch.PatchType type, string patch, string data)
    {
        string ns = await NamespaceAsync();
        V1ConfigMap map = new()
        {
            Metadata = new V1ObjectMeta { Name = "a" },
            Data = new Dictionary<string, string> { ["x"] = "1", ["y"] = "1" },
        };
        await _client.CoreV1.CreateNamespacedConfigMapAsync(map, ns, cancellationToken: Token);

        V1ConfigMap patched = await _client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch(patch, type), "a", ns, cancellationToken: Token);

        Assert.Equal(data, string.Join(',', patched.Data.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}={pair.Value}")));
    }

    [Fact]
    public async Task Watch_FromAList_TellsWhatHappens()
    {
        string ns = await NamespaceAsync();
        V1ConfigMapList before = await _client.CoreV1.ListNamespacedConfigMapAsync(ns, cancellationToken: Token);
        IAsyncEnumerable<(WatchEventType Type, V1ConfigMap Item)> changes = _client.CoreV1.WatchListNamespacedConfigMapAsync(
            ns, labelSelector: "told", resourceVersion: before.Metadata.ResourceVersion, cancellationToken: Token);

        V1ConfigMap map = new()
        {
            Metadata = new V1ObjectMeta { Name = "a", Labels = new Dictionary<string, string> { ["told"] = "yes" } },
        };
        await _client.CoreV1.CreateNamespacedConfigMapAsync(map, ns, cancellationToken: Token);
        await _client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch("""{"data":{"x":"1"}}""", V1Patch.PatchType.MergePatch), "a", ns, cancellationToken: Token);
        await _client.CoreV1.DeleteNamespacedConfigMapAsync("a", ns, cancellationToken: Token);

        List<string> told = [];
        await foreach ((WatchEventType type, V1ConfigMap item) in changes)
        {
            told.Add($"{type} {item.Metadata.Name} {item.Data?["x"]}");
            if (type == WatchEventType.Deleted)
            {
                break;
            }
        }

        Assert.Equal(["Added a ", "Modified a 1", "Deleted a 1"], told);
    }

    [Fact]
    public async Task Generic_Client_ReadsWritesAndLists()
    {
        string ns = await NamespaceAsync();
        using GenericClient maps = new(_client, "", "v1", "configmaps", disposeClient: false);
        using GenericClient nodes = new(_client, "", "v1", "nodes", disposeClient: false);
        string node = $"node-{Guid.NewGuid():N}";

        await maps.CreateNamespacedAsync(
            new V1ConfigMap { ApiVersion = "v1", Kind = "ConfigMap", Metadata = new V1ObjectMeta { Name = "a" } }, ns, cancel: Token);
        V1ConfigMap read = await maps.ReadNamespacedAsync<V1ConfigMap>(ns, "a", cancel: Token);
        V1ConfigMap patched = await maps.PatchNamespacedAsync<V1ConfigMap>(
            new V1Patch("""{"data":{"x":"1"}}""", V1Patch.PatchType.MergePatch), ns, "a", cancel: Token);
        V1ConfigMapList list = await maps.ListNamespacedAsync<V1ConfigMapList>(ns, cancel: Token);
        await nodes.CreateAsync(
            new V1Node { ApiVersion = "v1", Kind = "Node", Metadata = new V1ObjectMeta { Name = node } }, cancel: Token);
        V1Node made = await nodes.ReadAsync<V1Node>(node, cancel: Token);

        Assert.Equal("a", read.Metadata.Name);
        Assert.Equal("1", patched.Data["x"]);
        Assert.Contains(list.Items, item => item.Metadata.Name == "a");
        Assert.Equal(node, made.Metadata.Name);
    }

    [Fact]
    public async Task List_InParts_SeesEveryObjectOnce()
    {
        string ns = await NamespaceAsync();
        string[] names = [.. Enumerable.Range(0, 7).Select(i => $"part-{i}")];
        foreach (string name in names)
        {
            await _client.CoreV1.CreateNamespacedSecretAsync(
                new V1Secret { Metadata = new V1ObjectMeta { Name = name }, StringData = new Dictionary<string, string> { ["k"] = "v" } },
                ns,
                cancellationToken: Token);
        }

        List<string> seen = [];
        string? next = null;
        do
        {
            V1SecretList part = await _client.CoreV1.ListNamespacedSecretAsync(
                ns, limit: 3, continueParameter: next, cancellationToken: Token);
            seen.AddRange(part.Items.Select(item => item.Metadata.Name));
            next = part.Metadata.ContinueProperty;
        }
        while (!string.IsNullOrEmpty(next));

        Assert.Equal(names, seen);
    }

    [Fact]
    public async Task Review_OfSomebody_SaysWhatTheyMay()
    {
        V1SubjectAccessReview review = await _client.AuthorizationV1.CreateSubjectAccessReviewAsync(
            new V1SubjectAccessReview
            {
                Spec = new V1SubjectAccessReviewSpec
                {
                    User = "somebody",
                    ResourceAttributes = new V1ResourceAttributes { Verb = "list", Resource = "secrets" },
                },
            },
            cancellationToken: Token);
        VersionInfo version = await _client.Version.GetCodeAsync(Token);

        Assert.False(review.Status.Allowed);
        Assert.Equal(("1", "36"), (version.Major, version.Minor));
    }

    private static V1Deployment Deployment(string name)
    {
        Dictionary<string, string> labels = new() { ["app"] = name };
        return new V1Deployment
        {
            Metadata = new V1ObjectMeta { Name = name, Labels = labels },
            Spec = new V1DeploymentSpec
            {
                Selector = new V1LabelSelector { MatchLabels = labels },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = labels },
                    Spec = new V1PodSpec
                    {
                        Containers =
                        [
                            new V1Container
                            {
                                Name = "c",
                                Image = "x",
                                Resources = new V1ResourceRequirements
                                {
                                    Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("0.1") },
                                },
                            },
                        ],
                    },
                },
            },
        };
    }

    private async Task<string> NamespaceAsync() => (await _api.ConfigMapsAsync()).Split('/')[4];
}
