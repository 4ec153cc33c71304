namespace Noded.ApiServer.Patches;

/// <summary>A patch that cannot be applied.</summary>
/// <param name="message">In upstream's words.</param>
/// <param name="isUnprocessable">Whether the patch is well-formed and does not fit the object (422), or is none (400).</param>
internal sealed class PatchException(string message, bool isUnprocessable = false) : Exception(message)
{
    public bool IsUnprocessable { get; } = isUnprocessable;
}
