using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>A node touches itself and what its own pods name, and nothing else.</summary>
public sealed class NodeIdentityTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Merge = "application/merge-patch+json";
    private const string Mirror = "kubernetes.io/config.mirror";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("secrets/mine", true)]
    [InlineData("secrets/env", true)]
    [InlineData("secrets/others", false)]
    [InlineData("secrets", false)]
    [InlineData("secrets?fieldSelector=metadata.name%3Dmine", true)]
    [InlineData("secrets?fieldSelector=metadata.name%3Dmine&watch=true&timeoutSeconds=1", true)]
    [InlineData("secrets?fieldSelector=metadata.name%3Dothers", false)]
    [InlineData("configmaps/mine", true)]
    [InlineData("configmaps/others", false)]
    [InlineData("persistentvolumeclaims/mine", true)]
    [InlineData("persistentvolumeclaims/others", false)]
    [InlineData("pods/mine", true)]
    [InlineData("pods/others", false)]
    [InlineData("pods", false)]
    [InlineData("services", true)]
    public async Task Read_InTheNamespaceOfItsPod_IsWhatThePodNames(string what, bool isAllowed)
    {
        (string ns, string node) = await TwoPodsAsync();

        HttpStatusCode code = await AsNodeAsync(node, "GET", $"/api/v1/namespaces/{ns}/{what}");

        Assert.Equal(isAllowed, code == HttpStatusCode.OK);
        Assert.True(isAllowed || code == HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Read_OfTheCluster_IsItsOwn()
    {
        (string ns, string node) = await TwoPodsAsync();
        await api.SendAsync("POST", "/api/v1/nodes", $$$"""{"metadata":{"name":"{{{node}}}"}}""");
        await api.SendAsync("POST", "/apis/storage.k8s.io/v1/csinodes", $$$"""{"metadata":{"name":"{{{node}}}"},"spec":{"drivers":[]}}""");
        await api.SendAsync("POST", "/api/v1/persistentvolumes", Volume($"{ns}-mine", ns, "mine"));
        await api.SendAsync("POST", "/api/v1/persistentvolumes", Volume($"{ns}-others", ns, "others"));

        Assert.Equal(HttpStatusCode.OK, await AsNodeAsync(node, "GET", $"/api/v1/nodes/{node}"));
        Assert.Equal(HttpStatusCode.OK, await AsNodeAsync(node, "GET", $"/api/v1/nodes?fieldSelector=metadata.name%3D{node}"));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "GET", "/api/v1/nodes"));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "GET", "/api/v1/nodes/other"));
        Assert.Equal(HttpStatusCode.OK, await AsNodeAsync(node, "GET", $"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}"));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dother"));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "GET", "/api/v1/pods"));
        Assert.Equal(HttpStatusCode.OK, await AsNodeAsync(node, "GET", $"/apis/storage.k8s.io/v1/csinodes/{node}"));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "GET", "/apis/storage.k8s.io/v1/csinodes/other"));
        Assert.Equal(HttpStatusCode.OK, await AsNodeAsync(node, "GET", $"/api/v1/persistentvolumes/{ns}-mine"));
        Assert.Equal(HttpStatusCode.OK, await AsNodeAsync(node, "GET", $"/api/v1/namespaces/{ns}/secrets/of-volume"));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "GET", $"/api/v1/persistentvolumes/{ns}-others"));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "GET", $"/api/v1/namespaces/{ns}/secrets/others"));
    }

    [Fact]
    public async Task Lease_OfTheNode_IsItsOwnAlone()
    {
        string node = NewNode();
        const string leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

        Assert.Equal(HttpStatusCode.Created, await AsNodeAsync(node, "POST", leases, $$$"""{"metadata":{"name":"{{{node}}}"}}"""));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "POST", leases, """{"metadata":{"name":"another"}}"""));
        Assert.Equal(HttpStatusCode.OK, await AsNodeAsync(node, "GET", $"{leases}/{node}"));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "GET", $"{leases}/another"));
        Assert.Equal(HttpStatusCode.Forbidden, await AsNodeAsync(node, "GET", leases));
        Assert.Equal(
            HttpStatusCode.Forbidden,
            await AsNodeAsync(node, "GET", $"/apis/coordination.k8s.io/v1/namespaces/default/leases/{node}"));
    }

    [Fact]
    public async Task Node_Registers_WithLabelsThatDrawNothing()
    {
        string node = NewNode();

        (int restricted, JsonNode refused) = await SendAsNodeAsync(
            node, "POST", "/api/v1/nodes", $$$$"""{"metadata":{"name":"{{{{node}}}}","labels":{"node-restriction.kubernetes.io/a":"b"}}}""");
        (int created, _) = await SendAsNodeAsync(
            node,
            "POST",
            "/api/v1/nodes",
            $$$$"""{"metadata":{"name":"{{{{node}}}}","labels":{"kubernetes.io/hostname":"h","node.kubernetes.io/a":"b","free":"x"} },"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]} }""");
        (int tainted, JsonNode untaint) = await SendAsNodeAsync(node, "PATCH", $"/api/v1/nodes/{node}", """{"spec":{"taints":[]}}""");
        (int labelled, JsonNode relabel) = await SendAsNodeAsync(
            node, "PATCH", $"/api/v1/nodes/{node}", """{"metadata":{"labels":{"node-role.kubernetes.io/x":"","a.k8s.io/b":"c"}}}""");
        (int other, JsonNode foreign) = await SendAsNodeAsync(node, "POST", "/api/v1/nodes", """{"metadata":{"name":"another"}}""");
        (int status, _) = await SendAsNodeAsync(node, "PATCH", $"/api/v1/nodes/{node}/status", """{"status":{"capacity":{"cpu":"1"}}}""");

        Assert.Equal((403, 201, 403, 403, 403, 200), (restricted, created, tainted, labelled, other, status));
        Assert.EndsWith($"node \"{node}\" is not allowed to set the following labels: node-restriction.kubernetes.io/a", Message(refused), StringComparison.Ordinal);
        Assert.EndsWith($"node \"{node}\" is not allowed to modify taints", Message(untaint), StringComparison.Ordinal);
        Assert.EndsWith("is not allowed to modify labels: a.k8s.io/b, node-role.kubernetes.io/x", Message(relabel), StringComparison.Ordinal);
        Assert.EndsWith($"node \"{node}\" is not allowed to modify node \"another\"", Message(foreign), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pod_OfAnotherNode_IsNotTouched()
    {
        (string ns, string node) = await TwoPodsAsync();
        string pods = $"/api/v1/namespaces/{ns}/pods";

        (int own, _) = await SendAsNodeAsync(node, "PATCH", $"{pods}/mine/status", """{"status":{"phase":"Running"}}""");
        (int labels, JsonNode relabel) = await SendAsNodeAsync(
            node, "PATCH", $"{pods}/mine/status", """{"metadata":{"labels":{"a":"b"}},"status":{"phase":"Running"}}""");
        (int foreign, JsonNode refused) = await SendAsNodeAsync(node, "PATCH", $"{pods}/others/status", """{"status":{"phase":"Failed"}}""");
        (int delete, JsonNode kept) = await SendAsNodeAsync(node, "DELETE", $"{pods}/others");
        (int evict, JsonNode stays) = await SendAsNodeAsync(node, "POST", $"{pods}/others/eviction", """{"metadata":{"name":"others"}}""");
        (int spec, _) = await SendAsNodeAsync(node, "PATCH", $"{pods}/mine", """{"spec":{"activeDeadlineSeconds":5}}""");
        (int deleted, _) = await SendAsNodeAsync(node, "DELETE", $"{pods}/mine?gracePeriodSeconds=0");

        Assert.Equal((200, 403, 403, 403, 403, 403, 200), (own, labels, foreign, delete, evict, spec, deleted));
        Assert.EndsWith($"node \"{node}\" cannot update labels through pod status", Message(relabel), StringComparison.Ordinal);
        Assert.EndsWith($"node \"{node}\" can only update pod status for pods with spec.nodeName set to itself", Message(refused), StringComparison.Ordinal);
        Assert.EndsWith($"node \"{node}\" can only delete pods with spec.nodeName set to itself", Message(kept), StringComparison.Ordinal);
        Assert.EndsWith($"node {node} can only evict pods with spec.nodeName set to itself", Message(stays), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", "", 201, "")]
    [InlineData("noMirror", "", "", 403, "can only create mirror pods")]
    [InlineData("", "noOwner", "", 403, "can only create pods with an owner reference set to itself")]
    [InlineData("", "wrongUid", "", 403, "UID mismatch")]
    [InlineData("", "", ",\"serviceAccountName\":\"default\"", 403, "can not create pods that reference a service account")]
    [InlineData("", "", ",\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}]", 403, "can not create pods that reference secrets")]
    [InlineData("", "", ",\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"s\"}}]", 403, "can not create pods that reference persistentvolumeclaims")]
    public async Task Pod_MadeByANode_IsAMirrorOfItsOwn(string mirror, string owner, string rest, int code, string message)
    {
        string ns = (await api.ConfigMapsAsync()).Split('/')[4];
        string node = NewNode();
        (_, JsonNode known) = await api.SendAsync("POST", "/api/v1/nodes", $$$"""{"metadata":{"name":"{{{node}}}"}}""");
        string uid = owner == "wrongUid" ? "x" : known["metadata"]!["uid"]!.ToString();
        string annotations = mirror.Length == 0 ? $"\"{Mirror}\":\"x\"" : "";
        string owners = owner == "noOwner"
            ? ""
            : $$"""{"apiVersion":"v1","kind":"Node","name":"{{node}}","uid":"{{uid}}","controller":true}""";

        (int answered, JsonNode answer) = await SendAsNodeAsync(node, "POST", $"/api/v1/namespaces/{ns}/pods", $$$"""
            {"metadata":{"name":"static","annotations":{ {{{annotations}}} },"ownerReferences":[{{{owners}}}]},
             "spec":{"nodeName":"{{{node}}}","containers":[{"name":"c","image":"x"}]{{{rest}}}}}
            """);

        Assert.True(code == answered, answer.ToJsonString());
        Assert.Contains(message, answered == 201 ? "" : Message(answer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_AskedForByANode_IsBoundToItsPod()
    {
        (string ns, string node) = await TwoPodsAsync();
        (_, JsonNode mine) = await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods/mine");
        (_, JsonNode others) = await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods/others");
        string path = $"/api/v1/namespaces/{ns}/serviceaccounts/default/token";

        (int own, _) = await SendAsNodeAsync(node, "POST", path, Bound("mine", mine));
        (int unbound, JsonNode refused) = await SendAsNodeAsync(node, "POST", path, "{}");
        (int foreign, JsonNode elsewhere) = await SendAsNodeAsync(node, "POST", path, Bound("others", others));
        await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts", """{"metadata":{"name":"unused"}}""");
        (int unused, _) = await SendAsNodeAsync(node, "POST", $"/api/v1/namespaces/{ns}/serviceaccounts/unused/token", Bound("mine", mine));

        Assert.Equal((201, 403, 403, 403), (own, unbound, foreign, unused));
        Assert.EndsWith("node requested token not bound to a pod", Message(refused), StringComparison.Ordinal);
        Assert.EndsWith("node requested token bound to a pod scheduled on a different node", Message(elsewhere), StringComparison.Ordinal);

        static string Bound(string name, JsonNode pod) =>
            $$$$"""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"{{{{name}}}}","uid":"{{{{pod["metadata"]!["uid"]}}}}"}}}""";
    }

    [Fact]
    public async Task ClaimStatus_OfItsPod_MayGrow()
    {
        (string ns, string node) = await TwoPodsAsync();
        string claims = $"/api/v1/namespaces/{ns}/persistentvolumeclaims";

        (int capacity, _) = await SendAsNodeAsync(node, "PATCH", $"{claims}/mine/status", """{"status":{"capacity":{"storage":"2Gi"}}}""");
        (int phase, _) = await SendAsNodeAsync(node, "PATCH", $"{claims}/mine/status", """{"status":{"phase":"Lost"}}""");
        (int other, _) = await SendAsNodeAsync(node, "PATCH", $"{claims}/others/status", """{"status":{"capacity":{"storage":"2Gi"}}}""");

        Assert.Equal((200, 403, 403), (capacity, phase, other));
    }

    private static string NewNode() => $"node-{Guid.NewGuid():N}"[..14];

    private static string Message(JsonNode status) => status["message"]!.ToString();

    private static string Volume(string name, string ns, string claim) => $$$"""
        {"metadata":{"name":"{{{name}}}"},
         "spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],
                 "csi":{"driver":"d","volumeHandle":"h","nodePublishSecretRef":{"namespace":"{{{ns}}}","name":"{{{(claim == "mine" ? "of-volume" : "others")}}}"} },
                 "claimRef":{"namespace":"{{{ns}}}","name":"{{{claim}}}"} } }
        """;

    /// <summary>A namespace with a pod of a new node and one of another, each with things of its own.</summary>
    private async Task<(string Namespace, string Node)> TwoPodsAsync()
    {
        string ns = (await api.ConfigMapsAsync()).Split('/')[4];
        string node = NewNode();
        await api.AccountAsync(ns);
        foreach (string name in (string[])["mine", "env", "others", "of-volume"])
        {
            await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/secrets", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
            await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
            await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/persistentvolumeclaims", $$$"""
                {"metadata":{"name":"{{{name}}}"},
                 "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} } } }
                """);
        }

        foreach ((string name, string place) in ((string, string)[])[("mine", node), ("others", "elsewhere")])
        {
            (int code, JsonNode made) = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", $$$"""
                {"metadata":{"name":"{{{name}}}"},
                 "spec":{"nodeName":"{{{place}}}",
                         "containers":[{"name":"c","image":"x","envFrom":[{"secretRef":{"name":"{{{(name == "mine" ? "env" : name)}}}"}}]}],
                         "volumes":[{"name":"s","secret":{"secretName":"{{{name}}}"} },
                                    {"name":"m","configMap":{"name":"{{{name}}}"} },
                                    {"name":"p","persistentVolumeClaim":{"claimName":"{{{name}}}"} }]}}
                """);
            Assert.True(code == 201, made.ToJsonString());
        }

        return (ns, node);
    }

    private async Task<HttpStatusCode> AsNodeAsync(string node, string method, string path, string? body = null)
    {
        using HttpResponseMessage response = await AskAsNodeAsync(node, method, path, body);
        return response.StatusCode;
    }

    private async Task<(int Code, JsonNode Body)> SendAsNodeAsync(string node, string method, string path, string? body = null)
    {
        using HttpResponseMessage response = await AskAsNodeAsync(node, method, path, body);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!);
    }

    private async Task<HttpResponseMessage> AskAsNodeAsync(string node, string method, string path, string? body)
    {
        using HttpClient client = api.Server.Client($"system:node:{node}", "system:nodes");
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, method == "PATCH" ? Merge : "application/json");
        return await client.SendAsync(request, Token);
    }
}
