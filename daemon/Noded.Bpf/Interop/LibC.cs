using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Noded.Bpf.Interop;

/// <summary>What BPF objects need of libc beside libbpf: their memory, copies of their descriptors, its texts.</summary>
internal static unsafe partial class LibC
{
    internal const int PROT_READ = 1;
    internal const int PROT_WRITE = 2;
    internal const int MAP_SHARED = 1;
    internal const int F_DUPFD_CLOEXEC = 1030;
    internal const int O_CLOEXEC = 0x80000;

    // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint mmap(nint addr, nuint length, int prot, int flags, SafeFileHandle fd, nint offset);

    // int munmap(void *addr, size_t length);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(nint addr, nuint length);

    // int fcntl(int fd, int cmd, ... arg); the argument is an int here.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(int fd, int command, int argument);

    // int open(const char *pathname, int flags);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    // int vsnprintf(char *str, size_t size, const char *format, va_list ap); a va_list is passed as an address.
    [LibraryImport("libc")]
    internal static partial int vsnprintf(byte* text, nuint size, byte* format, nint arguments);
}
