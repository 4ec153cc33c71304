namespace Noded.Kubelet.Runtime;

/// <summary>
/// What a pod's worker waits for at this moment: a call of the runtime, or the kernel at a mount. It follows the flow of
/// the worker's own step, so that who makes the call need not know for whom.
/// </summary>
internal sealed class OngoingCall(TimeProvider clock)
{
    /// <summary>How much longer than it may take a call is waited for before anybody is told.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly AsyncLocal<OngoingCall?> Current = new();

    private volatile Entry? _entry;

    /// <summary>Calls from here on, and in what is started from here, are this worker's.</summary>
    internal void Enter() => Current.Value = this;

    /// <summary>The call that is overdue; null if none is.</summary>
    internal string? Overdue() => _entry is { } entry && clock.GetUtcNow() >= entry.Due ? entry.What : null;

    /// <summary>Notes a call until the result is disposed; of several at once the latest counts.</summary>
    /// <param name="expected">How long it may take by its nature: a grace period, a command's own time-out.</param>
    internal static IDisposable? Begin(string what, TimeSpan expected)
    {
        if (Current.Value is not { } current)
        {
            return null;
        }

        Entry entry = new(current, what, current.Now + expected + Patience, current._entry);
        current._entry = entry;
        return entry;
    }

    private DateTimeOffset Now => clock.GetUtcNow();

    private sealed class Entry(OngoingCall owner, string what, DateTimeOffset due, Entry? before) : IDisposable
    {
        internal string What => what;

        internal DateTimeOffset Due => due;

        public void Dispose()
        {
            if (owner._entry == this)
            {
                owner._entry = before;
            }
        }
    }
}
