using System.Runtime.InteropServices;

namespace Noded.Linux.Interop;

/// <summary>Declarations of libc, with C's names and C's types: a C <c>int</c> is an <c>int</c>, even when it is an fd.</summary>
internal static partial class LibC
{
    internal const int EINTR = 4;
    internal const int EAGAIN = 11;
    internal const int ESRCH = 3;
    internal const int ENOENT = 2;
    internal const int EINVAL = 22;
    internal const int EBUSY = 16;

    // int close(int fd);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);
}
