using System.Runtime.InteropServices;

namespace Noded.Linux.Interop;

internal static partial class LibC
{
    internal const int TCSANOW = 0;

    /// <summary>struct termios of glibc, the same on x86-64 and arm64: 60 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 60)]
    internal struct termios
    {
        internal uint c_iflag;
        internal uint c_oflag;
        internal uint c_cflag;
        internal uint c_lflag;
    }

    // int tcgetattr(int fd, struct termios *termios_p);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcgetattr(int fd, ref termios termios_p);

    // int tcsetattr(int fd, int optional_actions, const struct termios *termios_p);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcsetattr(int fd, int optional_actions, ref termios termios_p);

    // void cfmakeraw(struct termios *termios_p);
    [LibraryImport("libc")]
    internal static partial void cfmakeraw(ref termios termios_p);
}
