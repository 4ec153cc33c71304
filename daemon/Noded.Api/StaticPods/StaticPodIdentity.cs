using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using k8s.Models;

using Noded.Api.Pods;
using Noded.Api.Yaml;

namespace Noded.Api.StaticPods;

/// <summary>What makes a pod of a file this node's pod: UID, name, annotations, toleration, binding.</summary>
internal sealed record StaticPodIdentity(string NodeName, string File, DateTimeOffset Seen)
{
    public void Apply(V1Pod pod, SourceNode source)
    {
        V1ObjectMeta metadata = pod.Metadata ??= new V1ObjectMeta();
        if (string.IsNullOrEmpty(metadata.Uid))
        {
            metadata.Uid = ComputeUid(source);
        }

        // Without a name there is nothing to append to; validation will say so.
        if (!string.IsNullOrEmpty(metadata.Name))
        {
            metadata.Name = $"{metadata.Name}-{NodeName.ToLowerInvariant()}";
        }

        if (string.IsNullOrEmpty(metadata.NamespaceProperty))
        {
            metadata.NamespaceProperty = "default";
        }

        metadata.Annotations ??= new Dictionary<string, string>();
        metadata.Annotations[PodExtensions.ConfigHashAnnotation] = metadata.Uid;
        metadata.Annotations[PodExtensions.ConfigSourceAnnotation] = "file";
        metadata.Annotations[PodExtensions.ConfigSeenAnnotation] =
            Seen.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture);

        pod.Spec ??= new V1PodSpec();
        pod.Spec.NodeName = NodeName;
        pod.Spec.Tolerations = Tolerate(pod.Spec.Tolerations.OrEmpty());
        pod.Status = new V1PodStatus { Phase = "Pending" };
    }

    /// <summary>
    /// 32 hex digits of node, file and object. The object counts as written: neither its order and comments nor a
    /// later release's defaults may restart a pod.
    /// </summary>
    private string ComputeUid(SourceNode source)
    {
        ArrayBufferWriter<byte> buffer = new();
        buffer.Write(Encoding.UTF8.GetBytes($"host:{NodeName}\0file:{File}\0"));
        using (Utf8JsonWriter writer = new(buffer, SourceDocument.WriterOptions))
        {
            SourceNodeWriter.Write(writer, source, sorted: true);
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan))[..32];
    }

    /// <summary>Node problems do not evict what only this node can run.</summary>
    private static List<V1Toleration> Tolerate(IList<V1Toleration> tolerations)
    {
        V1Toleration always = new() { OperatorProperty = "Exists", Effect = "NoExecute" };
        return
        [
            .. tolerations.Where(other => !(string.IsNullOrEmpty(other.Key) && string.IsNullOrEmpty(other.Value)
                && other.OperatorProperty == always.OperatorProperty && other.Effect == always.Effect)),
            always,
        ];
    }
}
