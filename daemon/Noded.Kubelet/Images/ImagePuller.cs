using System.Collections.Immutable;
using System.Globalization;
using Grpc.Core;
using k8s.Models;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Oci;
using Noded.Primitives;

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
/// <param name="parallelism">How many are pulled at the same time; 0 for any number.</param>
/// <param name="rate">How many pulls may begin; null for any number. One too many fails, and is tried again with backoff.</param>
internal sealed class ImagePuller(
    IImageService images,
    RegistryKeyring keyring,
    PullNarrator narrator,
    EventRecorder events,
    ImageMetrics metrics,
    TimeProvider clock,
    int parallelism = 0,
    TokenBucket? rate = null)
{
    // After a failure the pod is looked at once more before its next try is due, and says that it waits.
    private static readonly TimeSpan BackOffNotice = TimeSpan.FromSeconds(1);

    // Never disposed: without a wait handle it holds nothing.
    private readonly SemaphoreSlim? _turns = parallelism > 0 ? new SemaphoreSlim(parallelism) : null;

    /// <returns>The image's id, by which the container is created.</returns>
    /// <exception cref="ContainerStartException">The image is missing and may not, or cannot, be pulled.</exception>
    internal async Task<string> EnsureAsync(
        Pod pod, V1Container container, PodSyncState state, CancellationToken cancellationToken)
    {
        string subject = Subjects.OfContainer(pod, container.Name);
        try
        {
            return await FindOrPullAsync(subject, container, state, cancellationToken);
        }
        catch (ContainerStartException e)
        {
            events.Warn(subject, "Failed", $"Error: {e.Failure.Reason}");
            throw;
        }
    }

    private async Task<string> FindOrPullAsync(
        string subject, V1Container container, PodSyncState state, CancellationToken cancellationToken)
    {
        string image = container.Image;
        if (!ImageReference.TryParse(image, out _))
        {
            metrics.Ensure(container, isPresent: null, isPullRequired: null);
            string message =
                $"Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format";
            events.Warn(subject, "InspectFailed", message);
            throw new ContainerStartException("InvalidImageName", message);
        }

        bool mustPull = container.ImagePullPolicy == "Always";
        string? present = mustPull ? null : await FindAsync(subject, container, cancellationToken);
        if (present is not null)
        {
            metrics.Ensure(container, isPresent: true, isPullRequired: false);
            events.Normal(
                subject,
                "Pulled",
                $"Container image \"{image}\" already present on machine and can be accessed by the pod");
            return present;
        }

        if (container.ImagePullPolicy == "Never")
        {
            metrics.Ensure(container, isPresent: false, isPullRequired: null);
            string message = $"Container image \"{image}\" is not present with pull policy of Never";
            events.Warn(subject, "ErrImageNeverPull", message);
            throw new ContainerStartException("ErrImageNeverPull", message);
        }

        metrics.Ensure(container, isPresent: mustPull ? null : false, isPullRequired: true);
        return await PullAsync(subject, image, state, cancellationToken);
    }

    private async Task<string?> FindAsync(string subject, V1Container container, CancellationToken cancellationToken)
    {
        try
        {
            return await images.TryGetImageAsync(container.Image, cancellationToken);
        }
        catch (RuntimeCallException e)
        {
            metrics.Ensure(container, isPresent: null, isPullRequired: null);
            string message = $"Failed to inspect image \"{container.Image}\": {e.Detail}";
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
        long asked = clock.GetTimestamp();
        try
        {
            using IDisposable turn = await TakeTurnAsync(cancellationToken);
            long start = clock.GetTimestamp();
            string pulled = await narrator.FollowAsync(subject, image, PullWithEachAsync(image, cancellationToken));
            TimeSpan took = clock.GetElapsedTime(start);
            state.Pulled(asked, clock.GetTimestamp());
            string times = $"in {Seconds(took)} ({Seconds(clock.GetElapsedTime(asked))} including waiting)";
            long size = await images.GetImageSizeAsync(pulled, cancellationToken);
            metrics.PullDuration.WithLabels(ImageMetrics.SizeClass(size)).Observe(took.TotalSeconds);
            events.Normal(subject, "Pulled", $"Successfully pulled image \"{image}\" {times}. Image size: {size} bytes.");
            return pulled;
        }
        catch (RuntimeCallException e)
        {
            state.Pulls.Failed(image, clock.GetUtcNow());
            string message = $"Failed to pull image \"{image}\": {e.Detail}";
            events.Warn(subject, "Failed", message);
            throw new ContainerStartException("ErrImagePull", e.Detail, clock.GetUtcNow() + BackOffNotice);
        }
    }

    /// <summary>With the credentials that fit, one after the other; without any, as nobody.</summary>
    private async Task<string> PullWithEachAsync(string image, CancellationToken cancellationToken)
    {
        if (rate?.TryTake() == false)
        {
            throw new RuntimeCallException("pull_image", image, StatusCode.ResourceExhausted, "pull QPS exceeded");
        }

        ImmutableArray<RegistryCredentials> credentials = keyring.Find(image);
        for (int i = 0; i < credentials.Length - 1; i++)
        {
            try
            {
                return await images.PullImageAsync(image, credentials[i], cancellationToken);
            }
            catch (RuntimeCallException)
            {
                // The next may be let in; the last one's failure is told.
            }
        }

        return await images.PullImageAsync(image, credentials.IsEmpty ? null : credentials[^1], cancellationToken);
    }

    private async Task<IDisposable> TakeTurnAsync(CancellationToken cancellationToken)
    {
        if (_turns is not null)
        {
            await _turns.WaitAsync(cancellationToken);
        }

        return new Turn(_turns);
    }

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###}s");

    private sealed class Turn(SemaphoreSlim? turns) : IDisposable
    {
        public void Dispose() => turns?.Release();
    }
}
