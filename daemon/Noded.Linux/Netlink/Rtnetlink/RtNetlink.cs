using Noded.Linux.Namespaces;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>
/// Links, addresses, routes and traffic control of one network namespace, by rtnetlink(7). Synchronous; not
/// thread-safe.
/// </summary>
/// <remarks>Refusals are <see cref="LinuxException"/>; what is gone already is no error when it is to be removed.</remarks>
public sealed partial class RtNetlink : IDisposable
{
    private readonly NetlinkSocket _socket;

    private RtNetlink(NetlinkSocket socket) => _socket = socket;

    /// <summary>Talks to the namespace given, to that of the calling thread when it is null.</summary>
    public static RtNetlink Open(NetworkNamespace? networkNamespace = null) =>
        new(NetlinkSocket.Open(NetlinkProtocol.Route, networkNamespace));

    public void Dispose() => _socket.Dispose();

    /// <summary>Carries a removal out; false when there was nothing to remove.</summary>
    private bool ExecuteRemoval(NetlinkMessageBuilder message, string operation, params int[] gone)
    {
        try
        {
            _socket.Execute(message, operation);
            return true;
        }
        catch (LinuxException e) when (gone.Contains(e.Errno))
        {
            return false;
        }
    }
}
