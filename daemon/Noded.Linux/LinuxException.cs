using System.Runtime.InteropServices;

namespace Noded.Linux;

/// <summary>A system call failed; the message names the operation, its object and errno.</summary>
public sealed class LinuxException(string operation, int errno)
    : IOException($"{operation}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})")
{
    public int Errno { get; } = errno;

    /// <summary>The exception for the calling thread's errno; call it before anything else can change that.</summary>
    public static LinuxException FromLastError(string operation) => new(operation, Marshal.GetLastPInvokeError());
}
