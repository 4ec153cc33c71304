using System.Runtime.InteropServices;

namespace Noded.Linux.Interop;

/// <summary>Declarations of libc, with C's names and C's types: a C <c>int</c> is an <c>int</c>, even when it is an fd.</summary>
internal static partial class LibC
{
    internal const int MNT_DETACH = 2;

    internal const int F_DUPFD_CLOEXEC = 1030;
    internal const int MADV_DONTNEED = 4;
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const uint EPOLLIN = 0x001;
    internal const uint EPOLLONESHOT = 1u << 30;

    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;

    internal const uint IN_MASK_ADD = 0x20000000;
    internal const int IN_NONBLOCK = 0x800;
    internal const int IN_CLOEXEC = 0x80000;

    internal const int O_WRONLY = 1;
    internal const int O_RDWR = 2;
    internal const int O_CREAT = 0x40;
    internal const int O_APPEND = 0x400;
    internal const int O_NONBLOCK = 0x800;

    internal const short POSIX_SPAWN_SETSIGDEF = 0x04;
    internal const short POSIX_SPAWN_SETSIGMASK = 0x08;
    internal const short POSIX_SPAWN_SETSID = 0x80;

    internal const int P_PIDFD = 3;
    internal const int WNOHANG = 1;
    internal const int WEXITED = 4;
    internal const int CLD_EXITED = 1;

    internal const int AT_FDCWD = -100;
    internal const int AT_SYMLINK_NOFOLLOW = 0x100;
    internal const uint STATX_BASIC_STATS = 0x7ff;

    /// <summary>struct epoll_event, which x86-64 packs and every other architecture aligns.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    internal struct epoll_event
    {
        internal uint events;
        internal int fd;
        internal int data_high;
    }

    /// <summary>siginfo_t as waitid(2) fills it; 128 bytes in all.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct siginfo_t
    {
        internal int si_signo;
        internal int si_errno;
        internal int si_code;
        internal int pad;
        internal int si_pid;
        internal uint si_uid;
        internal int si_status;
    }

    /// <summary>struct statx, the same on every architecture; 256 bytes in all.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct statx_buffer
    {
        [FieldOffset(20)]
        internal uint stx_uid;

        [FieldOffset(24)]
        internal uint stx_gid;

        [FieldOffset(28)]
        internal ushort stx_mode;

        [FieldOffset(32)]
        internal ulong stx_ino;

        [FieldOffset(40)]
        internal ulong stx_size;

        [FieldOffset(48)]
        internal ulong stx_blocks;

        [FieldOffset(96)]
        internal long stx_ctime_sec;

        [FieldOffset(104)]
        internal uint stx_ctime_nsec;

        [FieldOffset(128)]
        internal uint stx_rdev_major;

        [FieldOffset(132)]
        internal uint stx_rdev_minor;

        [FieldOffset(136)]
        internal uint stx_dev_major;

        [FieldOffset(140)]
        internal uint stx_dev_minor;
    }

    // int statx(int dirfd, const char *pathname, int flags, unsigned int mask, struct statx *statxbuf);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(int dirfd, string pathname, int flags, uint mask, ref statx_buffer buffer);

    // int close(int fd);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    // ssize_t read(int fd, void *buf, size_t count);
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint read(int fd, byte* buffer, nuint count);

    // ssize_t write(int fd, const void *buf, size_t count);
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint write(int fd, byte* buffer, nuint count);

    // int epoll_create1(int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    // int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_ctl(int epfd, int op, int fd, ref epoll_event epollEvent);

    // int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int epoll_wait(int epfd, epoll_event* events, int maxevents, int timeout);

    // int eventfd(unsigned int initval, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint initval, int flags);

    // int inotify_init1(int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int inotify_init1(int flags);

    // int inotify_add_watch(int fd, const char *pathname, uint32_t mask);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int inotify_add_watch(int fd, string pathname, uint mask);

    // int inotify_rm_watch(int fd, int wd);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int inotify_rm_watch(int fd, int wd);

    // int kill(pid_t pid, int sig);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int sig);

    // int pidfd_open(pid_t pid, unsigned int flags), without a wrapper before glibc 2.36.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint pidfd_open(nint number, int pid, uint flags);

    // int pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned int flags), likewise.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint pidfd_send_signal(nint number, int pidfd, int sig, nint info, uint flags);

    // int waitid(idtype_t idtype, id_t id, siginfo_t *infop, int options);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitid(int idtype, uint id, ref siginfo_t info, int options);

    // int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
    //                 char *const argv[], char *const envp[]); returns errno.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int posix_spawn(
        out int pid, string path, byte* fileActions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int posix_spawn_file_actions_addopen(
        byte* actions, int fd, string path, int flags, uint mode);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    internal static unsafe partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    internal static unsafe partial int sigfillset(byte* signals);

    [LibraryImport("libc")]
    internal static unsafe partial int sigemptyset(byte* signals);

    // int madvise(void *addr, size_t length, int advice);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int madvise(nint address, nuint length, int advice);

    // int fcntl(int fd, int cmd, ... arg); the argument is an int here.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(int fd, int command, int argument);

    // int umount2(const char *target, int flags);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int umount2(string target, int flags);
}
