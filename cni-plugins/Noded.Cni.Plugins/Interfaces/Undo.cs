namespace Noded.Cni.Plugins.Interfaces;

/// <summary>What to take back when an ADD fails half way, last thing first.</summary>
internal sealed class Undo
{
    private readonly Stack<Action> _steps = [];

    internal void Push(Action step) => _steps.Push(step);

    /// <summary>Runs <paramref name="add"/>; when it throws, takes back what it did and throws what it threw.</summary>
    internal static T Run<T>(Func<Undo, T> add)
    {
        Undo undo = new();

        try
        {
            return add(undo);
        }
        catch
        {
            undo.TakeBack();
            throw;
        }
    }

    private void TakeBack()
    {
        while (_steps.TryPop(out Action? step))
        {
            try
            {
                step();
            }
            catch (Exception e) when (e is CniException or IOException or UnauthorizedAccessException)
            {
                // The first failure is the one to tell. What stays here, DEL removes, which the runtime calls next.
            }
        }
    }
}
