using Noded.Kubelet.Events;

namespace Noded.Kubelet.Images;

/// <summary>
/// Tells, while a pull lasts, how far it has come. A pull that is over soon is not told of, and while nothing is pulled
/// no timer runs.
/// </summary>
internal sealed class PullNarrator(IPullProgress progress, EventRecorder events, TimeProvider clock)
{
    /// <summary>What is over before that has its beginning and its end in the events, which is enough.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    /// <summary>Waits for the pull, as if nobody told of it.</summary>
    internal async Task<string> FollowAsync(string subject, string image, Task<string> pull)
    {
        using CancellationTokenSource over = new();
        Task telling = TellAsync(subject, image, over.Token);
        try
        {
            return await pull;
        }
        finally
        {
            await over.CancelAsync();
            await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TellAsync(string subject, string image, CancellationToken over)
    {
        for (TimeSpan wait = Patience; ; wait = Period)
        {
            await Task.Delay(wait, clock, over);

            // The same words again, when nothing has come since, raise the event's count.
            if (await progress.TryReadAsync(image, over) is { } now)
            {
                events.Normal(subject, "Pulling", now.Describe(image));
            }
        }
    }
}
