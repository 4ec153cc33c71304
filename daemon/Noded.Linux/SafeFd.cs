using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Noded.Linux.Interop;

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

    /// <summary>A descriptor of our own for what a library holds and closes by itself.</summary>
    /// <exception cref="LinuxException">It is no descriptor, or there are too many.</exception>
    public static SafeFd Duplicate(int fd, string operation) =>
        Own(LibC.fcntl(fd, LibC.F_DUPFD_CLOEXEC, 0), operation);

    /// <summary>open(2) with O_CLOEXEC.</summary>
    /// <exception cref="LinuxException">The call failed.</exception>
    internal static SafeFd Open(string path, int flags = LibC.O_RDONLY, uint mode = 0) =>
        Own(LibC.open(path, flags | LibC.O_CLOEXEC, mode), $"open {path}");

    /// <summary>One read(2), which may be short; 0 at the end.</summary>
    internal unsafe int Read(Span<byte> buffer, string operation)
    {
        fixed (byte* start = buffer)
        {
            nint length;

            do
            {
                length = LibC.read(this, start, (nuint)buffer.Length);
            }
            while (length < 0 && IsInterrupted());

            return length < 0 ? throw LinuxException.FromLastError(operation) : (int)length;
        }
    }

    /// <summary>One write(2) of everything; a short one is an error, as for files of the kernel it means a refusal.</summary>
    internal unsafe void Write(ReadOnlySpan<byte> bytes, string operation)
    {
        fixed (byte* start = bytes)
        {
            nint length;

            do
            {
                length = LibC.write(this, start, (nuint)bytes.Length);
            }
            while (length < 0 && IsInterrupted());

            if (length < 0)
            {
                throw LinuxException.FromLastError(operation);
            }

            if (length != bytes.Length)
            {
                throw new IOException($"{operation}: {length} of {bytes.Length} bytes were written");
            }
        }
    }

    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0;

    internal static bool IsInterrupted() =>
        Marshal.GetLastPInvokeError() == Errno.EINTR;
}
