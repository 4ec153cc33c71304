using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Tests.Http;

public sealed class EveryKindTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Template =
        """{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}],"restartPolicy":"POLICY"}}""";

    /// <summary>What an object of a kind needs beside its name.</summary>
    private static readonly Dictionary<string, string> Needs = new(StringComparer.Ordinal)
    {
        ["events"] = """{"involvedObject":{"namespace":"default","name":"x","kind":"Pod"},"reason":"R"}""",
        ["events.events.k8s.io"] = """{"regarding":{"namespace":"default","name":"x","kind":"Pod"},"reason":"R","action":"A","type":"Normal","eventTime":"2026-01-01T00:00:00.000000Z","reportingController":"c","reportingInstance":"i"}""",
        ["persistentvolumeclaims"] = """{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""",
        ["persistentvolumes"] = """{"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"hostPath":{"path":"/x"}}}""",
        ["pods"] = """{"spec":{"containers":[{"name":"c","image":"i"}],"automountServiceAccountToken":false}}""",
        ["podtemplates"] = Around("Always", """{"template":""", "}"),
        ["replicationcontrollers"] = Around("Always", """{"spec":{"selector":{"a":"b"},"template":""", "}}"),
        ["services"] = """{"spec":{"ports":[{"port":80}]}}""",
        ["controllerrevisions.apps"] = """{"revision":1,"data":{"a":1}}""",
        ["daemonsets.apps"] = Around("Always", """{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":""", "}}"),
        ["deployments.apps"] = Around("Always", """{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":""", "}}"),
        ["replicasets.apps"] = Around("Always", """{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":""", "}}"),
        ["statefulsets.apps"] = Around("Always", """{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":""", "}}"),
        ["horizontalpodautoscalers.autoscaling"] = """{"spec":{"maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"x"}}}""",
        ["jobs.batch"] = Around("Never", """{"spec":{"template":""", "}}"),
        ["cronjobs.batch"] = Around("Never", """{"spec":{"schedule":"* * * * *","jobTemplate":{"spec":{"template":""", "}}}}"),
        ["certificatesigningrequests.certificates.k8s.io"] = $$$"""{"spec":{"request":"{{{SigningRequest()}}}","signerName":"example.com/s","usages":["client auth"]}}""",
        ["endpointslices.discovery.k8s.io"] = """{"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]}],"ports":[{"port":80}]}""",
        ["ingressclasses.networking.k8s.io"] = """{"spec":{"controller":"example.com/c"}}""",
        ["ingresses.networking.k8s.io"] = """{"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}}""",
        ["ipaddresses.networking.k8s.io"] = """{"spec":{"parentRef":{"resource":"services","name":"x","namespace":"default"}}}""",
        ["servicecidrs.networking.k8s.io"] = """{"spec":{"cidrs":["10.200.0.0/24"]}}""",
        ["runtimeclasses.node.k8s.io"] = """{"handler":"h"}""",
        ["poddisruptionbudgets.policy"] = """{"spec":{"minAvailable":1,"selector":{"matchLabels":{"a":"b"}}}}""",
        ["clusterrolebindings.rbac.authorization.k8s.io"] = """{"roleRef":{"kind":"ClusterRole","name":"x"}}""",
        ["rolebindings.rbac.authorization.k8s.io"] = """{"roleRef":{"kind":"Role","name":"x"}}""",
        ["priorityclasses.scheduling.k8s.io"] = """{"value":5}""",
        ["csistoragecapacities.storage.k8s.io"] = """{"storageClassName":"s"}""",
        ["csinodes.storage.k8s.io"] = """{"spec":{"drivers":[]}}""",
        ["storageclasses.storage.k8s.io"] = """{"provisioner":"example.com/p"}""",
        ["volumeattachments.storage.k8s.io"] = """{"spec":{"attacher":"a","nodeName":"n","source":{"persistentVolumeName":"v"}}}""",
        ["volumeattributesclasses.storage.k8s.io"] = """{"driverName":"example.com/d","parameters":{"a":"b"}}""",
    };

    public static TheoryData<string, string> Kinds => new(SchemaCatalog.BuiltIn.Resources
        .Where(resource => resource.IsStored)
        .Select(resource => (resource.GroupVersion, resource.Name)));

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task CreateListPatchDelete_Kind_Works(string groupVersion, string name)
    {
        ResourceDefinition resource = SchemaCatalog.BuiltIn.Resources.First(r => r.GroupVersion == groupVersion && r.Name == name);
        string root = resource.Group.Length == 0 ? "/api/v1" : $"/apis/{groupVersion}";
        string path = resource.IsNamespaced ? $"{root}/namespaces/default/{name}" : $"{root}/{name}";
        string named = name == "ipaddresses" ? "10.99.1.1" : $"n-{Guid.NewGuid():N}"[..12];
        JsonNode document = Sample(resource, named);

        (int created, JsonNode made) = await api.SendAsync("POST", $"{path}?fieldValidation=Strict", document.ToJsonString());
        Assert.True(created == 201, made.ToJsonString());
        Assert.Equal((resource.Kind, groupVersion), (made["kind"]!.ToString(), made["apiVersion"]!.ToString()));

        (int replaced, JsonNode same) = await api.SendAsync("PUT", $"{path}/{named}?fieldValidation=Strict", made.ToJsonString());
        Assert.True(replaced == 200, same.ToJsonString());
        Assert.Equal(made["metadata"]!["resourceVersion"]!.ToString(), same["metadata"]!["resourceVersion"]!.ToString());

        (int patched, JsonNode labelled) = await api.SendAsync(
            "PATCH", $"{path}/{named}", """{"metadata":{"labels":{"kind":"every"}}}""", "application/strategic-merge-patch+json");
        Assert.True(patched == 200, labelled.ToJsonString());

        (_, JsonNode table) = await api.SendAsync(
            "GET", $"{path}?labelSelector=kind%3Devery", accept: "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal(
            table["columnDefinitions"]!.AsArray().Count,
            table["rows"]!.AsArray().Single(row => row!["object"]!["metadata"]!["name"]!.ToString() == named)!["cells"]!.AsArray().Count);

        (int deleted, _) = await api.SendAsync("DELETE", $"{path}/{named}?gracePeriodSeconds=0");
        Assert.Equal(200, deleted);
    }

    /// <summary>An object of a kind with as little in it as may be.</summary>
    internal static JsonNode Sample(ResourceDefinition resource, string name)
    {
        JsonNode document = JsonNode.Parse(Needs.GetValueOrDefault(resource.QualifiedName, "{}"))!; // an object
        document["metadata"] = new JsonObject { ["name"] = name };
        return document;
    }

    /// <summary>A request for a certificate, PEM in base64.</summary>
    internal static string SigningRequest()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=somebody", key, HashAlgorithmName.SHA256);
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(request.CreateSigningRequestPem()));
    }

    private static string Around(string policy, string before, string after) =>
        before + Template.Replace("POLICY", policy, StringComparison.Ordinal) + after;
}
