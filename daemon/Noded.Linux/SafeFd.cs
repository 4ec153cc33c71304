using Microsoft.Win32.SafeHandles;

namespace Noded.Linux;

/// <summary>Owns a file descriptor and closes it once.</summary>
public sealed class SafeFd : SafeHandleZeroOrMinusOneIsInvalid
{
    private SafeFd(int fd)
        : base(ownsHandle: true) => SetHandle(fd);

    internal int Value => (int)handle;

    /// <summary>Takes ownership of what a libc call returned; -1 becomes an exception with errno.</summary>
    /// <exception cref="LinuxException">The call failed.</exception>
    internal static SafeFd Own(int fd, string operation) =>
        fd < 0 ? throw LinuxException.FromLastError(operation) : new SafeFd(fd);

    protected override bool ReleaseHandle() => Interop.LibC.close((int)handle) == 0;
}
