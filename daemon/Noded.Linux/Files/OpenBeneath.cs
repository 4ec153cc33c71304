using System.Text;
using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>openat2(2) with paths and names as bytes: what others put into a directory need not be UTF-8.</summary>
internal static class OpenBeneath
{
    // The same on every architecture.
    private const nint Number = 437;

    /// <summary>A path with the zero that C wants at its end.</summary>
    internal static byte[] ToPath(string path) => [.. Encoding.UTF8.GetBytes(path), 0];

    /// <summary>Resolves below <paramref name="directory"/> and never out of it; -1 with errno when that fails.</summary>
    /// <param name="path">Ends with a zero.</param>
    internal static unsafe int Open(SafeFd directory, ReadOnlySpan<byte> path, int flags, ulong resolve)
    {
        LibC.open_how how = new()
        {
            flags = (ulong)(uint)(flags | LibC.O_CLOEXEC),
            resolve = resolve | LibC.RESOLVE_BENEATH | LibC.RESOLVE_NO_MAGICLINKS,
        };
        fixed (byte* start = path)
        {
            nint fd;
            do
            {
                // EAGAIN: something was renamed while the kernel walked over a "..".
                fd = LibC.openat2(Number, directory.Value, start, how, (nuint)sizeof(LibC.open_how));
            }
            while (fd < 0 && (SafeFd.IsInterrupted() || System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Errno.EAGAIN));

            return (int)fd;
        }
    }
}
