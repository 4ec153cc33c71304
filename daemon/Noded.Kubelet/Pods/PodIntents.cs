using System.Collections.Immutable;
using System.Text.Json.Serialization;
using k8s.Models;

namespace Noded.Kubelet.Pods;

/// <summary>
/// What a daemon that returns must know of a pod and cannot read from the runtime: what was decided, and what was begun
/// that must not be begun twice.
/// </summary>
internal sealed record PodIntents
{
    internal static PodIntents None { get; } = new();

    /// <summary>Why the node ends the pod, or never let it run.</summary>
    public PodFailure? Failure { get; init; }

    /// <summary>Containers whose preStop hook has begun.</summary>
    public ImmutableHashSet<string> PreStopped { get; init; } = [];

    /// <summary>When the pod's stop is to be over; null before it has begun.</summary>
    public DateTimeOffset? StopBy { get; init; }

    /// <summary>The pod's last status, once it is Succeeded or Failed.</summary>
    public V1PodStatus? Terminal { get; init; }
}

/// <summary>How intents are written down.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PodIntents))]
internal sealed partial class PodIntentsContext : JsonSerializerContext;
