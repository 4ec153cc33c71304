using System.Net;
using System.Net.Sockets;
using Noded.Bpf;
using Noded.Linux.Cgroups;
using Noded.Linux.Namespaces;

namespace Noded.ServiceProxy.Datapath;

/// <summary>The kernel's numbers of network namespaces, by which the socket programs know whose a socket is.</summary>
internal static class NamespaceCookies
{
    private const int SolSocket = 1;
    private const int SoCookie = 57;
    private const int AnyPort = 9;

    /// <exception cref="IOException">The namespace is gone.</exception>
    public static ulong Read(NetworkNamespace networkNamespace) =>
        networkNamespace.TryReadCookie() ?? ReadByProgram(networkNamespace);

    /// <summary>
    /// Has a program tell it, as before kernel 5.14 only programs can: a socket of the namespace wants to connect, which the
    /// program notes and refuses.
    /// </summary>
    internal static ulong ReadByProgram(NetworkNamespace networkNamespace)
    {
        string operation = $"read the cookie of the network namespace {networkNamespace.Path} by a program";

        // At the root, for while a v1 controller of network classes is in use, old kernels count every socket to the root.
        string cgroup = CgroupHierarchies.Discover().All.FirstOrDefault(hierarchy => hierarchy.IsUnified)?.MountPoint
            ?? throw new IOException($"{operation}: no cgroup2 is mounted");
        using BpfObject loaded = BpfObject.Open("netns_cookie", BpfObjects.Read("netns_cookie"));
        loaded.Load();
        using BpfMap<ulong, ulong> asked = new(loaded.Map("asked"));
        using BpfProgram program = loaded.Program("netns_cookie");
        using Socket socket = networkNamespace.OpenUdpSocket();
        ulong key = CookieOf(socket);
        asked.Set(key, 0);

        using (BpfLink.AttachCgroup(program, cgroup, BpfAttachType.CgroupInet4Connect))
        {
            try
            {
                socket.Connect(IPAddress.Loopback, AnyPort);
            }
            catch (SocketException)
            {
                // Refused, as meant.
            }
        }

        return asked.TryGet(key, out ulong cookie) && cookie != 0
            ? cookie
            : throw new IOException($"{operation}: sockets of this process do not come by {cgroup}");
    }

    private static ulong CookieOf(Socket socket)
    {
        byte[] cookie = new byte[sizeof(ulong)];
        socket.GetRawSocketOption(SolSocket, SoCookie, cookie);
        return BitConverter.ToUInt64(cookie);
    }
}
