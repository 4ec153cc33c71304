using System.Runtime.InteropServices;

namespace Noded.Linux.Interop;

internal static partial class LibC
{
    internal const int MSG_WAITFORONE = 0x10000;
    internal const int MSG_NOSIGNAL = 0x4000;

    // int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags, struct timespec *timeout);
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int recvmmsg(
        SafeHandle socket, mmsghdr* messages, uint count, int flags, void* timeout);

    // int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int sendmmsg(SafeHandle socket, mmsghdr* messages, uint count, int flags);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct iovec
    {
        internal byte* iov_base;
        internal nuint iov_len;
    }

    /// <summary>struct mmsghdr: a struct msghdr of 64-bit machines, padded to 56 bytes, and what was transferred.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct mmsghdr
    {
        internal byte* msg_name;
        internal uint msg_namelen;
        internal iovec* msg_iov;
        internal nuint msg_iovlen;
        internal void* msg_control;
        internal nuint msg_controllen;
        internal int msg_flags;
        internal int msg_padding;
        internal uint msg_len;
    }
}
