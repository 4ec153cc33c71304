using System.Collections.Immutable;

using k8s.Models;

using Noded.Api.Defaults;
using Noded.Api.Pods;
using Noded.Api.Serialization;
using Noded.Api.Validation;
using Noded.Api.Yaml;
using Noded.Primitives;

namespace Noded.Api.StaticPods;

/// <summary>
/// A static pod manifest to the pods the kubelet runs: a Pod, several in one YAML stream, a PodList or a List
/// (upstream: pkg/kubelet/config/common.go, which stops at the first error).
/// </summary>
public static class StaticPodReader
{
    /// <param name="file">The path: errors show its last part, the pods' UIDs depend on all of it.</param>
    /// <param name="seen">When the file was first seen with this content.</param>
    /// <param name="check">Adds what is wrong with a pod beyond what the API says.</param>
    public static StaticPodFile Read(
        string file,
        ReadOnlySpan<byte> content,
        string nodeName,
        DateTimeOffset seen,
        Action<V1Pod, FieldPath, FieldErrors>? check = null)
    {
        string name = Path.GetFileName(file);
        try
        {
            ImmutableArray<SourceDocument> documents = SourceReader.Read(name, content);
            return documents.IsEmpty
                ? new StaticPodFile([], [new ManifestError(name, 0, "", "the file has no object")])
                : Read(documents, new StaticPodIdentity(nodeName, file, seen), check);
        }
        catch (ManifestException e)
        {
            return new StaticPodFile([], e.Errors);
        }
    }

    private static StaticPodFile Read(
        ImmutableArray<SourceDocument> documents,
        StaticPodIdentity identity,
        Action<V1Pod, FieldPath, FieldErrors>? check)
    {
        ImmutableArray<V1Pod>.Builder pods = ImmutableArray.CreateBuilder<V1Pod>();
        ImmutableArray<ManifestError>.Builder errors = ImmutableArray.CreateBuilder<ManifestError>();
        HashSet<NamespacedName> names = [];

        foreach (SourceDocument document in documents)
        {
            ImmutableArray<StaticPodSource> sources = StaticPodSource.Find(document, errors);
            foreach (StaticPodSource source in sources)
            {
                try
                {
                    pods.Add(Read(source, identity, names, check));
                }
                catch (ManifestException e)
                {
                    errors.AddRange(e.Errors);
                }
            }
        }

        return errors.Count > 0
            ? new StaticPodFile([], errors.DrainToImmutable())
            : new StaticPodFile(pods.DrainToImmutable(), []);
    }

    private static V1Pod Read(
        StaticPodSource source,
        StaticPodIdentity identity,
        HashSet<NamespacedName> names,
        Action<V1Pod, FieldPath, FieldErrors>? check)
    {
        V1Pod pod = source.Decode();
        identity.Apply(pod, source.Node);
        PodDefaults.Apply(pod);

        FieldErrors errors = new();
        StaticPodRules.Validate(pod, source.Path, errors);
        check?.Invoke(pod, source.Path, errors);
        if (!names.Add(pod.NamespacedName()))
        {
            errors.Duplicate(source.Path.Child("metadata").Child("name"), pod.Metadata.Name);
        }

        ImmutableArray<ManifestError> all =
        [
            .. PodValidator.Validate(pod, source.Path).Concat(errors.ToImmutable()).Select(source.Locate),
        ];
        return all.IsEmpty ? pod : throw new ManifestException(all);
    }
}
