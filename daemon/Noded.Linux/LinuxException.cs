using System.Runtime.InteropServices;

namespace Noded.Linux;

/// <summary>A system call failed; the message names the operation, its object and errno.</summary>
/// <param name="detail">What else the kernel said, such as a netlink extended acknowledgement.</param>
public sealed class LinuxException(string operation, int errno, string? detail = null)
    : IOException(
        $"{operation}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}){(detail is null ? "" : $": {detail}")}")
{
    public int Errno { get; } = errno;

    /// <summary>The exception for the calling thread's errno; call it before anything else can change that.</summary>
    public static LinuxException FromLastError(string operation) => new(operation, Marshal.GetLastPInvokeError());
}
