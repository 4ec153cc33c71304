using System.Collections.Immutable;
using System.Globalization;
using Noded.Api.Pods;

namespace Noded.Kubelet.Pods;

/// <summary>What a pod lacks of a resource, in its unit: thousandths of processors, bytes, pods.</summary>
internal sealed record InsufficientResource(string Resource, long Requested, long Used, long Capacity)
{
    /// <summary>How much more than what is free.</summary>
    public long Missing => Requested - (Capacity - Used);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"Node didn't have enough resource: {Resource}, requested: {Requested}, used: {Used}, capacity: {Capacity}");
}

/// <summary>
/// Chooses the pods that make room for one that the node needs: as few of the better classes as can be, and of a class
/// those that come closest to what is missing (upstream's pkg/kubelet/preemption).
/// </summary>
internal static class Preemption
{
    /// <summary>Null if all pods together that may be ended for this one would not be enough.</summary>
    internal static ImmutableArray<Pod>? Choose(
        Pod pod, IEnumerable<Pod> running, IReadOnlyCollection<InsufficientResource> insufficient)
    {
        ILookup<QosClass, Pod> classes = running.Where(other => MayEnd(pod, other))
            .OrderBy(other => other.Name.ToString(), StringComparer.Ordinal)
            .ToLookup(other => other.Manifest.QosClass());
        Pod[] bestEffort = [.. classes[QosClass.BestEffort]];
        Pod[] burstable = [.. classes[QosClass.Burstable]];
        Pod[] guaranteed = [.. classes[QosClass.Guaranteed]];
        ImmutableDictionary<string, long> missing = insufficient.ToImmutableDictionary(lack => lack.Resource, lack => lack.Missing);
        if (!Without(missing, [.. bestEffort, .. burstable, .. guaranteed]).IsEmpty)
        {
            return null;
        }

        Pod[] fromGuaranteed = Closest(guaranteed, Without(missing, [.. bestEffort, .. burstable]));
        Pod[] fromBurstable = Closest(burstable, Without(missing, [.. bestEffort, .. fromGuaranteed]));
        Pod[] fromBestEffort = Closest(bestEffort, Without(missing, [.. fromBurstable, .. fromGuaranteed]));
        return [.. fromBestEffort, .. fromBurstable, .. fromGuaranteed];
    }

    private static bool MayEnd(Pod pod, Pod other) =>
        (pod.IsNodeCritical && !other.IsNodeCritical) || pod.Spec.Priority > other.Spec.Priority;

    /// <summary>One after the other, the pod that has most nearly what is still missing; of equals the smaller one.</summary>
    private static Pod[] Closest(IEnumerable<Pod> pods, ImmutableDictionary<string, long> missing)
    {
        List<Pod> left = [.. pods];
        List<Pod> chosen = [];
        while (!missing.IsEmpty && left.Count > 0)
        {
            Pod next = left.MinBy(pod => (
                Distance(pod, missing), Requested(pod, "memory"), Requested(pod, "cpu")))!;
            left.Remove(next);
            chosen.Add(next);
            missing = Without(missing, [next]);
        }

        return [.. chosen];
    }

    /// <summary>Σ of the squares of the parts of each requirement that the pod does not fulfil.</summary>
    private static double Distance(Pod pod, ImmutableDictionary<string, long> missing) => missing.Sum(lack =>
    {
        double part = Math.Max(0, lack.Value - Requested(pod, lack.Key)) / (double)lack.Value;
        return part * part;
    });

    /// <summary>What is missing once these pods are gone; no entry for what is not.</summary>
    private static ImmutableDictionary<string, long> Without(ImmutableDictionary<string, long> missing, IReadOnlyCollection<Pod> gone) =>
        missing.Select(lack => KeyValuePair.Create(lack.Key, lack.Value - gone.Sum(pod => Requested(pod, lack.Key))))
            .Where(lack => lack.Value > 0)
            .ToImmutableDictionary();

    internal static long Requested(Pod pod, string resource) => resource switch
    {
        "pods" => 1,
        "cpu" => PodRequests.OfPod(pod.Spec, resource).MilliValue,
        _ => PodRequests.OfPod(pod.Spec, resource).Value,
    };
}
