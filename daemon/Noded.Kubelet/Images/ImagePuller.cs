using System.Globalization;
using k8s.Models;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Images;

/// <summary>A container cannot be started now; the reason is upstream's waiting reason.</summary>
internal sealed class ContainerStartException(string reason, string message, DateTimeOffset? retryAt = null)
    : IOException($"{reason}: {message}")
{
    internal StartFailure Failure { get; } = new(reason, message);

    /// <summary>Null to leave the time to the worker's own backoff.</summary>
    internal DateTimeOffset? RetryAt { get; } = retryAt;
}

/// <summary>Brings a container's image onto the machine as its pull policy says.</summary>
internal sealed class ImagePuller(IImageService images, EventRecorder events, TimeProvider clock)
{
    /// <returns>The image's id, by which the container is created.</returns>
    /// <exception cref="ContainerStartException">The image is missing and may not, or cannot, be pulled.</exception>
    internal async Task<string> EnsureAsync(
        Pod pod, V1Container container, PodSyncState state, CancellationToken cancellationToken)
    {
        string image = container.Image;
        string subject = Subjects.OfContainer(pod, container.Name);
        bool mustPull = container.ImagePullPolicy == "Always";

        string? present = mustPull ? null : await FindAsync(subject, image, cancellationToken);
        if (present is not null)
        {
            events.Normal(
                subject,
                "Pulled",
                $"Container image \"{image}\" already present on machine and can be accessed by the pod");
            return present;
        }

        if (container.ImagePullPolicy == "Never")
        {
            string message = $"Container image \"{image}\" is not present with pull policy of Never";
            events.Warn(subject, "ErrImageNeverPull", message);
            throw new ContainerStartException("ErrImageNeverPull", message);
        }

        return await PullAsync(subject, image, state, cancellationToken);
    }

    private async Task<string?> FindAsync(string subject, string image, CancellationToken cancellationToken)
    {
        try
        {
            return await images.TryGetImageAsync(image, cancellationToken);
        }
        catch (RuntimeCallException e)
        {
            string message = $"Failed to inspect image \"{image}\": {e.Detail}";
            events.Warn(subject, "InspectFailed", message);
            throw new ContainerStartException("ImageInspectError", message);
        }
    }

    private async Task<string> PullAsync(
        string subject, string image, PodSyncState state, CancellationToken cancellationToken)
    {
        if (state.Pulls.NotBefore(image) is { } notBefore && notBefore > clock.GetUtcNow())
        {
            string message = $"Back-off pulling image \"{image}\"";
            events.Normal(subject, "BackOff", message);
            throw new ContainerStartException("ImagePullBackOff", message, notBefore);
        }

        events.Normal(subject, "Pulling", $"Pulling image \"{image}\"");
        long start = clock.GetTimestamp();
        try
        {
            string pulled = await images.PullImageAsync(image, cancellationToken);
            string took = clock.GetElapsedTime(start).TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
            events.Normal(subject, "Pulled", $"Successfully pulled image \"{image}\" in {took}s");
            return pulled;
        }
        catch (RuntimeCallException e)
        {
            state.Pulls.Failed(image, clock.GetUtcNow());
            string message = $"Failed to pull image \"{image}\": {e.Detail}";
            events.Warn(subject, "Failed", message);
            throw new ContainerStartException("ErrImagePull", e.Detail, state.Pulls.NotBefore(image));
        }
    }
}
