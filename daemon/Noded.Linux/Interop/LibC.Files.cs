using System.Runtime.InteropServices;

namespace Noded.Linux.Interop;

internal static partial class LibC
{
    internal const int O_PATH = 0x200000;

    internal const int AT_REMOVEDIR = 0x200;
    internal const int AT_EMPTY_PATH = 0x1000;

    internal const ulong RESOLVE_NO_XDEV = 0x01;
    internal const ulong RESOLVE_NO_MAGICLINKS = 0x02;
    internal const ulong RESOLVE_NO_SYMLINKS = 0x04;
    internal const ulong RESOLVE_BENEATH = 0x08;

    internal const nuint MS_BIND = 0x1000;
    internal const nuint MS_NOSUID = 2;
    internal const nuint MS_NODEV = 4;
    internal const nuint MS_NOEXEC = 8;

    /// <summary>Directories only; the one flag of open(2) here whose value the architectures disagree on, as is the next.</summary>
    internal static readonly int O_DIRECTORY =
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;

    /// <summary>Fails on a symbolic link.</summary>
    internal static readonly int O_NOFOLLOW =
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>struct open_how.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct open_how
    {
        internal ulong flags;
        internal ulong mode;
        internal ulong resolve;
    }

    // long openat2(int dirfd, const char *pathname, struct open_how *how, size_t size); glibc has no wrapper.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static unsafe partial nint openat2(nint number, int dirfd, byte* pathname, in open_how how, nuint size);

    // ssize_t getdents64(int fd, void dirp[], size_t count);
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint getdents64(SafeFd fd, byte* buffer, nuint count);

    // int unlinkat(int dirfd, const char *pathname, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int unlinkat(int dirfd, byte* pathname, int flags);

    // int renameat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath);
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int renameat(SafeFd olddirfd, byte* oldpath, SafeFd newdirfd, byte* newpath);

    // int mkdirat(int dirfd, const char *pathname, mode_t mode);
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int mkdirat(SafeFd dirfd, byte* pathname, uint mode);

    // int fchmod(int fd, mode_t mode);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fchmod(SafeFd fd, uint mode);

    // int fchown(int fd, uid_t owner, gid_t group);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fchown(SafeFd fd, uint owner, uint group);

    // int mount(const char *source, const char *target, const char *filesystemtype, unsigned long mountflags,
    //           const void *data);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mount(string source, string target, string? type, nuint flags, string? options);
}
