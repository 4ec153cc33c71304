using Noded.Kubelet.Events;
using Noded.Kubelet.Images;
using Noded.Kubelet.Pods.Network;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>
/// Tells of what is done to pods: each side effect in the flight recorder with its duration, and upstream's event with
/// upstream's reason. Failures gain their waiting reason here.
/// </summary>
internal sealed class PodJournal(EventRecorder events, FlightRecorder flight, PodMetrics metrics, TimeProvider clock)
{
    internal async Task<PodSandboxId> CreateSandboxAsync(Pod pod, Func<Task<PodSandboxId>> create)
    {
        try
        {
            PodSandboxId created = await TimeAsync(pod.Subject, "run sandbox", create);
            metrics.StartedPods.Inc();
            metrics.StartedUserNamespacedPods.Inc(pod.Spec.HostUsers == false ? 1 : 0);
            return created;
        }
        catch (RuntimeCallException e)
        {
            NoSandbox(pod, e.Detail);
            throw;
        }
    }

    internal async Task<ContainerId> CreateContainerAsync(Pod pod, string container, Func<Task<ContainerId>> create)
    {
        string subject = Subjects.OfContainer(pod, container);
        try
        {
            ContainerId id = await TimeAsync(subject, "create container", create);
            events.Normal(subject, "Created", "Container created");
            return id;
        }
        catch (RuntimeCallException e)
        {
            events.Warn(subject, "Failed", $"Error: {e.Detail}");
            metrics.StartedContainerErrors.WithLabels(TypeOf(pod, container), "CreateContainerError").Inc();
            throw new ContainerStartException("CreateContainerError", e.Detail);
        }
    }

    internal async Task StartContainerAsync(Pod pod, string container, Func<Task> start)
    {
        string subject = Subjects.OfContainer(pod, container);
        try
        {
            await TimeAsync(
                subject,
                "start container",
                async () =>
                {
                    await start();
                    return true;
                });
            metrics.StartedContainers.WithLabels(TypeOf(pod, container)).Inc();
            events.Normal(subject, "Started", "Container started");
        }
        catch (RuntimeCallException e)
        {
            metrics.StartedContainerErrors.WithLabels(TypeOf(pod, container), "RunContainerError").Inc();
            events.Warn(subject, "Failed", $"Error: {e.Detail}");
            throw new ContainerStartException("RunContainerError", e.Detail);
        }
    }

    /// <summary>Without the hook's own words, which may be secret.</summary>
    internal void PostStartFailed(Pod pod, string container) =>
        events.Warn(Subjects.OfContainer(pod, container), "FailedPostStartHook", "PostStartHook failed");

    /// <exception cref="PodConfigException">The pod cannot be called as it wishes.</exception>
    internal string Hostname(Pod pod, Func<Pod, PodHostname> compute)
    {
        try
        {
            return compute(pod).Name;
        }
        catch (PodConfigException e)
        {
            throw NoSandbox(pod, e.Message);
        }
    }

    /// <summary>The pod's sandbox is not to be had; to be thrown where nothing has been yet.</summary>
    internal PodConfigException NoSandbox(Pod pod, string why)
    {
        metrics.StartedPodErrors.Inc();
        metrics.StartedUserNamespacedPodErrors.Inc(pod.Spec.HostUsers == false ? 1 : 0);
        events.Warn(pod.Subject, "FailedCreatePodSandBox", $"Failed to create pod sandbox: {why}");
        return new PodConfigException(why);
    }

    /// <summary>The node ends the pod, or does not let it run.</summary>
    internal void Failed(Pod pod, PodFailure failure)
    {
        if (failure.IsRejection)
        {
            metrics.Rejections.WithLabels(failure.Reason).Inc();
        }

        if (failure.IsWarning)
        {
            events.Warn(pod.Subject, failure.Reason, failure.Event);
        }
        else
        {
            events.Normal(pod.Subject, failure.Reason, failure.Event);
        }
    }

    internal void SandboxChanged(Pod pod) =>
        events.Normal(pod.Subject, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");

    internal void Warn(Pod pod, IEnumerable<(string Reason, string Message)> warnings)
    {
        foreach ((string reason, string message) in warnings)
        {
            events.Warn(pod.Subject, reason, message);
        }
    }

    internal void BackOff(Pod pod, string container) => events.Warn(
        Subjects.OfContainer(pod, container),
        "BackOff",
        $"Back-off restarting failed container {container} in pod {pod.Name.Name}_{pod.Name.Namespace}({pod.Uid})");

    private static string TypeOf(Pod pod, string container) =>
        pod.Spec.Containers.Any(own => own.Name == container) ? "container" : "init_container";

    private async Task<T> TimeAsync<T>(string subject, string what, Func<Task<T>> act)
    {
        long start = clock.GetTimestamp();
        try
        {
            T result = await act();
            flight.Record(FlightEntryKind.Acted, subject, what, duration: clock.GetElapsedTime(start));
            return result;
        }
        catch (Exception e)
        {
            flight.Record(
                FlightEntryKind.Failed, subject, $"{what}: {e.Message}", duration: clock.GetElapsedTime(start));
            throw;
        }
    }
}
