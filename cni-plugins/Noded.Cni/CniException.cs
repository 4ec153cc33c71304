namespace Noded.Cni;

/// <summary>A failure that the runtime gets as the specification's error object.</summary>
/// <param name="details">What helps to find the cause; the message is one sentence.</param>
public sealed class CniException(
    CniErrorCode code, string message, string? details = null, Exception? innerException = null)
    : Exception(message, innerException)
{
    public CniErrorCode Code { get; } = code;

    public string? Details { get; } = details;
}
