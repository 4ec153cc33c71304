namespace Noded.Cni.Plugins.Serving;

/// <summary>
/// Lets calls of one attachment follow one another in the order in which they came. A runtime that gives up an ADD kills
/// the plugin's process, not what the daemon does for it, and its DEL must find all of that.
/// </summary>
internal sealed class AttachmentTurns
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string ContainerId, string Interface), Task> _last = [];

    /// <summary>Runs <paramref name="call"/> after those that came before it for the same attachment.</summary>
    /// <param name="attachment">Null waits for nobody.</param>
    internal async Task<T> RunAsync<T>((string ContainerId, string Interface)? attachment, Func<Task<T>> call)
    {
        if (attachment is not { } key)
        {
            return await call();
        }

        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;

        lock (_lock)
        {
            before = _last.GetValueOrDefault(key, Task.CompletedTask);
            _last[key] = ended.Task;
        }

        try
        {
            await before;
            return await call();
        }
        finally
        {
            lock (_lock)
            {
                if (_last[key] == ended.Task)
                {
                    _last.Remove(key);
                }
            }

            ended.SetResult();
        }
    }
}
