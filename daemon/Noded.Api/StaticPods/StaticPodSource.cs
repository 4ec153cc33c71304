using System.Collections.Immutable;

using k8s.Models;

using Noded.Api.Serialization;
using Noded.Api.Validation;
using Noded.Api.Yaml;

namespace Noded.Api.StaticPods;

/// <summary>One pod in a manifest: a whole document, or an item of a list.</summary>
internal sealed record StaticPodSource(SourceDocument Document, SourceNode Node, FieldPath Path, bool KindRequired)
{
    /// <summary>
    /// The pods of a document; what is wrong with the list around them goes to <paramref name="errors"/>.
    /// </summary>
    public static ImmutableArray<StaticPodSource> Find(
        SourceDocument document,
        ImmutableArray<ManifestError>.Builder errors)
    {
        string? kind = ObjectKind.KindOf(document.Root);
        if (kind is not ("PodList" or "List") || document.Root is not SourceNode.Mapping list)
        {
            return [new StaticPodSource(document, document.Root, FieldPath.Empty, KindRequired: true)];
        }

        errors.AddRange(ObjectKind.Check(document.File, list, FieldPath.Empty, "v1", kind));
        foreach (SourceEntry entry in list.Entries)
        {
            if (entry.Key is not ("apiVersion" or "kind" or "metadata" or "items"))
            {
                errors.Add(new ManifestError(document.File, entry.Line, "", $"unknown field \"{entry.Key}\""));
            }
        }

        if (list.Find("items") is not SourceNode.Sequence items)
        {
            errors.Add(new ManifestError(document.File, document.LineOf("items"), "items", "Required value"));
            return [];
        }

        return
        [
            .. items.Items.Select((item, index) => new StaticPodSource(
                document, item, new FieldPath("items").Index(index), KindRequired: kind == "List")),
        ];
    }

    /// <exception cref="ManifestException">This is no pod, or has fields a pod has not.</exception>
    public V1Pod Decode()
    {
        // In a PodList the list has said what its items are.
        bool hasKind = Node is SourceNode.Mapping mapping
            && (mapping.Find("kind") is not null || mapping.Find("apiVersion") is not null);
        (string ApiVersion, string Kind)? expected = KindRequired || hasKind ? ("v1", "Pod") : null;

        V1Pod pod = ApiJson.Decode(Document, Node, Path, ApiJson.Pod, expected);
        (pod.ApiVersion, pod.Kind) = ("v1", "Pod");
        return pod;
    }

    public ManifestError Locate(FieldError error) =>
        new(Document.File, Document.LineOf(error.Field.Text), error.Field.Text, error.Message);
}
