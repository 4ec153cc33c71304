using System.Buffers.Binary;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.NfTables;

namespace Noded.Linux.Netlink.Conntrack;

/// <summary>The connections that a network namespace tracks. Synchronous; not thread-safe.</summary>
public sealed class ConntrackTable : IDisposable
{
    // NFNL_SUBSYS_CTNETLINK with IPCTNL_MSG_CT_GET and _DELETE.
    private const ushort GetMessage = (1 << 8) + 1;
    private const ushort DeleteMessage = (1 << 8) + 2;

    private const byte Udp = 17;

    // CTA_FILTER_F_CTA_PROTO_NUM and _DST_PORT: what of the tuple is compared.
    private const uint ByProtocolAndPort = (1 << 3) | (1 << 5);

    private readonly NetlinkSocket _socket;

    private ConntrackTable(NetlinkSocket socket) => _socket = socket;

    /// <summary>Talks to the namespace given, to that of the calling thread when it is null.</summary>
    public static ConntrackTable Open(NetworkNamespace? networkNamespace = null) =>
        new(NetlinkSocket.Open(NetlinkProtocol.Netfilter, networkNamespace));

    public void Dispose() => _socket.Dispose();

    /// <summary>The UDP exchanges whose first packet went to this port, of any address.</summary>
    public IReadOnlyList<ConntrackEntry> GetUdp(bool isV6, ushort port)
    {
        NetlinkMessageBuilder message = NfMessage.Create(GetMessage, FamilyOf(isV6), NetlinkFlags.Dump);
        AttributeWriter<ConntrackAttribute> filter = message.Attributes<ConntrackAttribute>();

        using (AttributeWriter<TupleAttribute> tuple = filter.Nest<TupleAttribute>(ConntrackAttribute.Original))
        {
            using AttributeWriter<TupleTransportAttribute> transport =
                tuple.Nest<TupleTransportAttribute>(TupleAttribute.Transport);
            byte[] bytes = new byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16BigEndian(bytes, port);
            transport.Put(TupleTransportAttribute.Protocol, Udp);
            transport.Put(TupleTransportAttribute.DestinationPort, bytes);
        }

        using (AttributeWriter<FilterAttribute> flags = filter.Nest<FilterAttribute>(ConntrackAttribute.Filter))
        {
            flags.Put(FilterAttribute.OriginalFlags, ByProtocolAndPort);
            flags.Put(FilterAttribute.ReplyFlags, 0u);
        }

        return _socket.Dump(
            message,
            // A kernel that does not know the filter returns everything.
            (_, payload) => ConntrackParser.Parse(payload) is ConntrackEntry entry && entry.Port == port ? entry : null,
            $"list UDP connections to port {port}");
    }

    /// <summary>False when it is gone.</summary>
    public bool Delete(ConntrackEntry entry)
    {
        bool isV6 = entry.Destination.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        NetlinkMessageBuilder message = NfMessage.Create(DeleteMessage, FamilyOf(isV6), NetlinkFlags.None);
        AttributeWriter<ConntrackAttribute> attributes = message.Attributes<ConntrackAttribute>();
        attributes.Put(ConntrackAttribute.Original, entry.Original);

        if (entry.Zone.Length > 0)
        {
            attributes.Put(ConntrackAttribute.Zone, entry.Zone);
        }

        attributes.Put(ConntrackAttribute.Id, entry.Id);

        try
        {
            _socket.Execute(message, $"delete the connection to {entry.Destination} port {entry.Port}");
            return true;
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            return false;
        }
    }

    private static NfFamily FamilyOf(bool isV6) => isV6 ? NfFamily.Ipv6 : NfFamily.Ipv4;
}
