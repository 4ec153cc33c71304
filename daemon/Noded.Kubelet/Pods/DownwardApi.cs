using System.Collections.Immutable;
using System.Globalization;
using k8s.Models;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>What a pod may be told of itself: its own fields, and what its containers may use.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/workloads/pods/downward-api/</remarks>
internal static class DownwardApi
{
    /// <summary>The value of a variable's source.</summary>
    /// <param name="podIps">The pod's addresses; empty while it has none.</param>
    /// <exception cref="PodConfigException">It refers to something that is not there.</exception>
    internal static string Resolve(
        Pod pod, V1Container container, V1EnvVarSource source, NodeFacts node, ImmutableArray<string> podIps) => source switch
        {
            { FieldRef.FieldPath: string field } => Field(pod, field, node, podIps),
            { ResourceFieldRef: V1ResourceFieldSelector selector } => Resource(pod, container, selector, node),
            _ => throw new PodConfigException("valueFrom refers to an object of the API server, which this pod has none of"),
        };

    internal static string Field(Pod pod, string field, NodeFacts node, ImmutableArray<string> podIps) => field switch
    {
        "metadata.name" => pod.Name.Name,
        "metadata.namespace" => pod.Name.Namespace,
        "metadata.uid" => pod.Uid.Value,
        "spec.nodeName" => node.Name,
        "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? string.Empty,
        "status.hostIP" => node.HostIps[0],
        "status.hostIPs" => string.Join(',', node.HostIps),
        "status.podIP" => podIps.IsEmpty ? string.Empty : podIps[0],
        "status.podIPs" => string.Join(',', podIps),
        _ => Entry(pod, field),
    };

    /// <summary>
    /// A request or limit in units of the divisor, rounded up. Without a limit of its own a container may have what the
    /// node has.
    /// </summary>
    internal static string Resource(Pod pod, V1Container container, V1ResourceFieldSelector selector, NodeFacts node)
    {
        V1Container meant = string.IsNullOrEmpty(selector.ContainerName)
            ? container
            : pod.TryGetContainer(selector.ContainerName)
                ?? throw new PodConfigException($"container {selector.ContainerName} not found");
        string[] parts = selector.Resource.Split('.', 2);
        string resource = parts[1];
        bool isCpu = resource == "cpu";
        IDictionary<string, ResourceQuantity>? quantities =
            parts[0] == "limits" ? meant.Resources?.Limits : meant.Resources?.Requests;
        decimal? given = isCpu ? ContainerResources.Milli(quantities, resource) : ContainerResources.Bytes(quantities, resource);
        decimal value = (given, parts[0], resource) switch
        {
            ({ } own and > 0, _, _) => own,
            (_, "limits", "cpu") => node.MilliCpu,
            (_, "limits", "memory") => node.Memory,
            (_, "limits", "ephemeral-storage") => node.EphemeralStorage,
            _ => 0,
        };

        decimal divisor = selector.Divisor?.ToDecimal() is { } asked and > 0 ? asked : 1;
        return Math.Ceiling(value / (isCpu ? divisor * 1000 : divisor)).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A label or an annotation, <c>metadata.labels['key']</c>; empty when the pod has none of that name.</summary>
    private static string Entry(Pod pod, string field)
    {
        int open = field.IndexOf("['", StringComparison.Ordinal);
        if (open < 0)
        {
            throw new PodConfigException($"unsupported fieldPath: {field}");
        }

        string key = field[(open + 2)..^2];
        IDictionary<string, string>? entries =
            field[..open] == "metadata.labels" ? pod.Manifest.Metadata.Labels : pod.Manifest.Metadata.Annotations;
        return entries is not null && entries.TryGetValue(key, out string? value) ? value : string.Empty;
    }
}

/// <summary>The pod itself is wrong; trying again later does not help.</summary>
internal sealed class PodConfigException(string message) : IOException(message);
