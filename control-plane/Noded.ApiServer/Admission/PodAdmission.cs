using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Admission;

/// <summary>Every pod has an account, and the account's token and the cluster's authority in its containers.</summary>
internal sealed class ServiceAccountAdmission(ObjectReader reader, ResourceTable resources) : IAdmissionPlugin
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const long TokenSeconds = 3607;

    private readonly Resource _accounts = resources.Get("", "v1", "serviceaccounts");

    public async Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (!admitted.Creates("", "pods") || MirrorPods.Is(admitted.Object))
        {
            return;
        }

        JsonObject spec = admitted.Object.ObjectOrNew("spec");
        spec.Default("serviceAccountName", "default");
        string name = spec.Text("serviceAccountName") ?? "";
        spec["serviceAccount"] = name;
        JsonObject? account = await reader.PeekAsync(_accounts, request.Namespace, name, cancellationToken);
        if (account is null)
        {
            throw ApiStatusException.Forbidden(
                admitted.Resource.Definition,
                admitted.Object.Name(),
                $"error looking up service account {request.Namespace}/{name}: serviceaccount \"{name}\" not found");
        }

        if (spec.Array("imagePullSecrets") is null or { Count: 0 } && account.Array("imagePullSecrets") is { Count: > 0 } secrets)
        {
            spec["imagePullSecrets"] = secrets.DeepClone();
        }

        if (spec.Boolean("automountServiceAccountToken") ?? account.Boolean("automountServiceAccountToken") ?? true)
        {
            Mount(spec);
        }
    }

    private static void Mount(JsonObject spec)
    {
        JsonObject[] containers = [.. spec.Objects("containers").Concat(spec.Objects("initContainers"))];
        JsonObject[] without = [.. containers.Where(container =>
            container.Objects("volumeMounts").All(mount => mount.Text("mountPath") != MountPath))];
        if (without.Length == 0)
        {
            return;
        }

        string name = ObjectMetadata.GenerateName("kube-api-access-");
        foreach (JsonObject container in without)
        {
            List(container, "volumeMounts").Add((JsonNode)new JsonObject
            {
                ["name"] = name,
                ["readOnly"] = true,
                ["mountPath"] = MountPath,
            });
        }

        List(spec, "volumes").Add((JsonNode)Volume(name));
    }

    private static JsonObject Volume(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject
                {
                    ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = TokenSeconds, ["path"] = "token" },
                },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt",
                        ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject
                        {
                            ["path"] = "namespace",
                            ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" },
                        }),
                    },
                }),
            ["defaultMode"] = 420L,
        },
    };

    internal static JsonArray List(JsonObject parent, string name)
    {
        if (parent[name] is not JsonArray list)
        {
            list = [];
            parent[name] = list;
        }

        return list;
    }
}

/// <summary>Pods stay for five minutes on a node that is not ready or cannot be reached.</summary>
internal sealed class DefaultTolerations : IAdmissionPlugin
{
    private const long Seconds = 300;

    public Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (!admitted.Creates("", "pods"))
        {
            return Task.CompletedTask;
        }

        JsonObject spec = admitted.Object.ObjectOrNew("spec");
        foreach (string key in (ReadOnlySpan<string>)["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
        {
            bool isTolerated = spec.Objects("tolerations").Any(toleration =>
                (toleration.Text("key") == key || string.IsNullOrEmpty(toleration.Text("key")))
                && toleration.Text("effect") is null or "" or "NoExecute");
            if (!isTolerated)
            {
                ServiceAccountAdmission.List(spec, "tolerations").Add((JsonNode)new JsonObject
                {
                    ["key"] = key,
                    ["operator"] = "Exists",
                    ["effect"] = "NoExecute",
                    ["tolerationSeconds"] = Seconds,
                });
            }
        }

        return Task.CompletedTask;
    }
}

/// <summary>The number that a pod's priority class stands for.</summary>
internal sealed class PriorityAdmission(ObjectReader reader, ResourceTable resources) : IAdmissionPlugin
{
    private readonly Resource _classes = resources.Get("scheduling.k8s.io", "v1", "priorityclasses");

    public async Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (!admitted.Creates("", "pods"))
        {
            return;
        }

        JsonObject spec = admitted.Object.ObjectOrNew("spec");
        JsonObject? found = await ClassAsync(spec.Text("priorityClassName"), admitted, cancellationToken);
        long value = found.Integer("value") ?? 0;
        if (spec.Integer("priority") is { } given && given != value)
        {
            throw ApiStatusException.Forbidden(
                admitted.Resource.Definition,
                admitted.Object.Name(),
                $"the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name");
        }

        spec["priority"] = value;
        spec.Default("preemptionPolicy", found.Text("preemptionPolicy") ?? "PreemptLowerPriority");
        if (found is not null)
        {
            spec["priorityClassName"] = found.Name();
        }
    }

    private async Task<JsonObject?> ClassAsync(
        string? name, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(name))
        {
            return await reader.PeekAsync(_classes, null, name, cancellationToken)
                ?? throw ApiStatusException.Forbidden(
                    admitted.Resource.Definition, admitted.Object.Name(), $"no PriorityClass with name {name} was found");
        }

        ObjectList all = await reader.ListAsync(_classes, null, ListOptions.OfMemory, cancellationToken);
        return all.Items.Where(item => item.Boolean("globalDefault") == true).MinBy(item => item.Integer("value"));
    }
}

/// <summary>Claims that name no class get the one that is the default.</summary>
internal sealed class DefaultStorageClass(ObjectReader reader, ResourceTable resources) : IAdmissionPlugin
{
    private readonly Resource _classes = resources.Get("storage.k8s.io", "v1", "storageclasses");

    public async Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (!admitted.Creates("", "persistentvolumeclaims") || admitted.Object.At("spec", "storageClassName") is not null)
        {
            return;
        }

        ObjectList all = await reader.ListAsync(_classes, null, ListOptions.OfMemory, cancellationToken);
        JsonObject? chosen = all.Items
            .Where(StorageClassStrategy.IsDefault)
            .OrderByDescending(item => item.Object("metadata").Text("creationTimestamp"), StringComparer.Ordinal)
            .ThenBy(item => item.Name(), StringComparer.Ordinal)
            .FirstOrDefault();
        if (chosen is not null)
        {
            admitted.Object.ObjectOrNew("spec")["storageClassName"] = chosen.Name();
        }
    }
}
