using System.Net.Sockets;
using System.Text;
using Noded.Linux.Files;
using Noded.Linux.Interop;

namespace Noded.Linux.Namespaces;

/// <summary>A network namespace by the path that holds it: /run/netns/x, /proc/N/ns/net. Nothing is kept open.</summary>
/// <remarks>
/// setns(2) moves the calling OS thread, and every thread started from it inherits the move: the pool may start one
/// whenever a task completes. So: in, one system call, out, and never an await between.
/// </remarks>
public sealed class NetworkNamespace(string path)
{
    private const string OwnPath = "/proc/thread-self/ns/net";

    public string Path => path;

    /// <summary>
    /// Whether the path leads to a namespace: not when there is nothing, nor when there is the plain file that one was
    /// mounted on.
    /// </summary>
    public bool Exists => FileSystem.TryGetType(path) == FileSystem.NamespaceType;

    /// <summary>True when this is the namespace that the calling thread is in.</summary>
    public bool IsOwn => FileStamp.TryRead(path) is FileStamp stamp
        && FileStamp.TryRead(OwnPath) is FileStamp own
        && (stamp.Device, stamp.Inode) == (own.Device, own.Inode);

    /// <summary>The one that the calling thread is in.</summary>
    public static NetworkNamespace Own { get; } = new(OwnPath);

    /// <summary>
    /// The kernel's number of this namespace, which no other one ever gets (SO_NETNS_COOKIE); null before kernel 5.14,
    /// which does not tell it to processes.
    /// </summary>
    /// <exception cref="LinuxException">The namespace is gone.</exception>
    public ulong? TryReadCookie()
    {
        using SafeFd socket = OpenSocket(LibC.AF_INET, LibC.SOCK_DGRAM, protocol: 0);
        uint length = sizeof(ulong);
        if (LibC.getsockopt(socket, LibC.SOL_SOCKET, LibC.SO_NETNS_COOKIE, out ulong cookie, ref length) >= 0)
        {
            return cookie;
        }

        LinuxException refusal = LinuxException.FromLastError($"read the cookie of the network namespace {path}");
        return refusal.Errno == Errno.ENOPROTOOPT ? null : throw refusal;
    }

    /// <summary>A UDP socket over IPv4 that belongs to this namespace, whichever thread uses it.</summary>
    /// <exception cref="LinuxException">The namespace is gone.</exception>
    public Socket OpenUdpSocket()
    {
        using SafeFd socket = OpenSocket(LibC.AF_INET, LibC.SOCK_DGRAM, protocol: 0);
        SafeSocketHandle handle = new(socket.Value, ownsHandle: true);
        socket.SetHandleAsInvalid();
        return new Socket(handle);
    }

    /// <summary>A descriptor of the namespace itself, as links are moved by.</summary>
    public SafeFd Open() => SafeFd.Open(path);

    /// <summary>Writes a setting below /proc/sys/net of this namespace.</summary>
    /// <remarks>A file opened inside writes there, whoever writes it later.</remarks>
    /// <param name="name">Slashes between its parts: <c>net/ipv4/conf/eth0/arp_notify</c>.</param>
    public void WriteSysctl(string name, string value)
    {
        using SafeFd file = Within(() => SafeFd.Open(SysctlPath(name), LibC.O_WRONLY));
        file.Write(Encoding.ASCII.GetBytes(value), $"write '{value}' to {SysctlPath(name)} in {path}");
    }

    /// <summary>Reads a setting, without the line's end.</summary>
    public string ReadSysctl(string name)
    {
        using SafeFd file = Within(() => SafeFd.Open(SysctlPath(name)));
        byte[] buffer = new byte[4096];
        int length = file.Read(buffer, $"read {SysctlPath(name)} in {path}");
        return Encoding.ASCII.GetString(buffer, 0, length).TrimEnd('\n');
    }

    /// <summary>Opens a socket that belongs to this namespace, whichever thread uses it afterwards.</summary>
    internal SafeFd OpenSocket(int domain, int type, int protocol) =>
        Within(() => SafeFd.Own(
            LibC.socket(domain, type | LibC.SOCK_CLOEXEC, protocol), $"open a socket in {path}"));

    private static string SysctlPath(string name) => $"/proc/sys/{name}";

    private T Within<T>(Func<T> act)
    {
        using SafeFd home = SafeFd.Open(OwnPath);
        using SafeFd target = Open();

        if (LibC.setns(target, LibC.CLONE_NEWNET) < 0)
        {
            throw LinuxException.FromLastError($"enter the network namespace {path}");
        }

        try
        {
            return act();
        }
        finally
        {
            if (LibC.setns(home, LibC.CLONE_NEWNET) < 0)
            {
                Environment.FailFast($"This thread cannot leave {path} and would carry other pods' traffic into it.");
            }
        }
    }
}
