using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Status;

/// <summary>A pod's phase by the states of its containers; upstream's rules.</summary>
internal static class PodPhases
{
    /// <summary>Pending, Running, Succeeded or Failed.</summary>
    /// <param name="inits">One for each of the spec's init containers, in its order; so the next.</param>
    internal static string Compute(
        V1PodSpec spec, IReadOnlyList<V1ContainerStatus> inits, IReadOnlyList<V1ContainerStatus> containers)
    {
        bool Ends(V1Container container, V1ContainerStatus status) => status.State.Terminated is { } terminated
            && !RestartRules.RestartsAfter(spec, container, terminated.ExitCode);

        IEnumerable<(V1Container Spec, V1ContainerStatus Status)> all = (spec.InitContainers ?? []).Zip(inits);
        bool initFailedForGood = all.Any(init => !init.Spec.IsRestartableInit()
            && Ends(init.Spec, init.Status) && init.Status.State.Terminated.ExitCode != 0);

        // Sidecars count while they run; how they end does not.
        bool isDone = spec.Containers.Zip(containers).All(pair => Ends(pair.First, pair.Second));
        bool sidecarsRun = all.Any(init => init.Spec.IsRestartableInit() && init.Status.State.Running is not null);

        return 0 switch
        {
            _ when initFailedForGood => "Failed",
            _ when !IsInitialized(spec, inits) && !containers.Any(HasRun) => "Pending",
            _ when isDone && !sidecarsRun =>
                containers.All(status => status.State.Terminated.ExitCode == 0) ? "Succeeded" : "Failed",
            _ when containers.All(HasRun) => "Running",
            _ => "Pending",
        };
    }

    /// <summary>Every init container has succeeded, and every sidecar has started.</summary>
    internal static bool IsInitialized(V1PodSpec spec, IReadOnlyList<V1ContainerStatus> inits) =>
        (spec.InitContainers ?? []).Zip(inits).All(init => init.First.IsRestartableInit()
            ? init.Second.Started == true || (init.Second.State.Running is null && HasRun(init.Second))
            : init.Second.State.Terminated is { ExitCode: 0 });

    private static bool HasRun(V1ContainerStatus status) =>
        status.State.Running is not null || status.State.Terminated is not null || status.LastState?.Terminated is not null;
}
