using System.Text.Json.Nodes;

using Noded.Api.Pods;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>Upstream's defaults for the spec of a pod or of a pod's template (pkg/apis/core/v1/defaults.go).</summary>
internal static class PodSpecDefaults
{
    public static void Apply(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30L);
        spec.Default("dnsPolicy", "ClusterFirst");
        if ((spec.Text("serviceAccountName") ?? spec.Text("serviceAccount")) is { Length: > 0 } account)
        {
            spec["serviceAccountName"] = account;
            spec["serviceAccount"] = account;
        }

        spec.Default("securityContext", new JsonObject());
        spec.Default("schedulerName", "default-scheduler");
        bool hostNetwork = spec.Boolean("hostNetwork") == true;
        foreach (string list in (ReadOnlySpan<string>)["initContainers", "containers", "ephemeralContainers"])
        {
            foreach (JsonObject container in spec.Objects(list))
            {
                Container(container, hostNetwork);
            }
        }

        foreach (JsonObject volume in spec.Objects("volumes"))
        {
            Volume(volume);
        }
    }

    /// <summary>What a pod has beside: links to services, and requests that follow from limits.</summary>
    public static void ApplyToPod(JsonObject spec)
    {
        spec.Default("enableServiceLinks", JsonValue.Create(true));
        foreach (JsonObject container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            if (container.Object("resources").Object("limits") is { } limits)
            {
                JsonObject requests = container.ObjectOrNew("resources").ObjectOrNew("requests");
                foreach ((string name, JsonNode? value) in limits)
                {
                    requests.TryAdd(name, value?.DeepClone());
                }
            }
        }
    }

    private static void Container(JsonObject container, bool hostNetwork)
    {
        container.Default(
            "imagePullPolicy", ImageTag.Of(container.Text("image")) == "latest" ? "Always" : "IfNotPresent");
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        container.Default("resources", new JsonObject());
        foreach (JsonObject port in container.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (hostNetwork && port.Integer("hostPort") is null or 0)
            {
                port["hostPort"] = port["containerPort"]?.DeepClone();
            }
        }

        foreach (JsonObject variable in container.Objects("env"))
        {
            variable.Object("valueFrom").Object("fieldRef")?.Default("apiVersion", "v1");
        }

        foreach (string probe in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
        {
            Probe(container.Object(probe));
        }

        Get(container.Object("lifecycle").Object("postStart").Object("httpGet"));
        Get(container.Object("lifecycle").Object("preStop").Object("httpGet"));
    }

    private static void Probe(JsonObject? probe)
    {
        if (probe is null)
        {
            return;
        }

        Number(probe, "timeoutSeconds", 1);
        Number(probe, "periodSeconds", 10);
        Number(probe, "successThreshold", 1);
        Number(probe, "failureThreshold", 3);
        Get(probe.Object("httpGet"));
        if (probe.Object("grpc") is { } grpc && grpc["service"] is null)
        {
            grpc["service"] = "";
        }
    }

    private static void Get(JsonObject? get)
    {
        get?.Default("path", "/");
        get?.Default("scheme", "HTTP");
    }

    private static void Number(JsonObject target, string name, long value)
    {
        if (target.Integer(name) is null or 0)
        {
            target[name] = value;
        }
    }

    private static void Volume(JsonObject volume)
    {
        if (volume.All(pair => pair.Key == "name"))
        {
            volume["emptyDir"] = new JsonObject();
        }

        foreach (string source in (ReadOnlySpan<string>)["secret", "configMap", "downwardAPI", "projected"])
        {
            volume.Object(source)?.Default("defaultMode", 420L);
        }

        volume.Object("hostPath")?.TryAdd("type", "");
        FieldReferences(volume.Object("downwardAPI"));
        foreach (JsonObject source in volume.Object("projected").Objects("sources"))
        {
            source.Object("serviceAccountToken")?.Default("expirationSeconds", 3600L);
            FieldReferences(source.Object("downwardAPI"));
        }

        if (volume.Object("ephemeral").Object("volumeClaimTemplate").Object("spec") is { } claim)
        {
            claim.Default("volumeMode", "Filesystem");
        }

        volume.Object("iscsi")?.Default("iscsiInterface", "default");
        volume.Object("rbd")?.Default("pool", "rbd");
    }

    private static void FieldReferences(JsonObject? source)
    {
        foreach (JsonObject item in source.Objects("items"))
        {
            item.Object("fieldRef")?.Default("apiVersion", "v1");
        }
    }
}
