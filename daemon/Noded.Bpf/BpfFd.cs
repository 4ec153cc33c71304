using Microsoft.Win32.SafeHandles;
using Noded.Bpf.Interop;

namespace Noded.Bpf;

/// <summary>Ownership of descriptors that libbpf hands out.</summary>
internal static class BpfFd
{
    /// <summary>Takes ownership of a descriptor; a negated errno becomes an exception.</summary>
    internal static SafeFileHandle Own(int fd, string operation) =>
        new(BpfException.Check(fd, operation), ownsHandle: true);

    /// <summary>A descriptor of our own for what a BpfObject holds; it outlives the object.</summary>
    internal static SafeFileHandle Duplicate(int fd, string operation)
    {
        int copy = LibC.fcntl(fd, LibC.F_DUPFD_CLOEXEC, 0);
        return copy < 0 ? throw BpfException.FromLastError(operation) : new SafeFileHandle(copy, ownsHandle: true);
    }

    internal static SafeFileHandle OpenDirectory(string path)
    {
        int fd = LibC.open(path, LibC.O_CLOEXEC);
        return fd < 0 ? throw BpfException.FromLastError($"open {path}") : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>The number for a call that takes several descriptors; the handle must be kept alive around it.</summary>
    internal static int Number(SafeFileHandle handle) => (int)handle.DangerousGetHandle();
}
