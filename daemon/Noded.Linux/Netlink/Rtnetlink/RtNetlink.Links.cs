using Noded.Primitives;

namespace Noded.Linux.Netlink.Rtnetlink;

public sealed partial class RtNetlink
{
    // RTEXT_FILTER_SKIP_STATS: counters are a third of a reply and nobody here reads them.
    private const uint SkipStatistics = 1 << 3;

    // IFNAMSIZ with the final zero; the kernel calls a longer name a mistake instead of unknown.
    private const int MaxNameLength = 15;

    private const NetlinkFlags CreateExclusive = NetlinkFlags.Create | NetlinkFlags.Exclusive;

    /// <summary>The link of that name, or null.</summary>
    public Link? FindLink(string name) =>
        name.Length is > 0 and <= MaxNameLength ? FindLink(new InterfaceHeader(), name, $"get link {name}") : null;

    /// <summary>The link of that index, or null.</summary>
    public Link? FindLink(int index) => FindLink(new InterfaceHeader { Index = index }, name: null, $"get link {index}");

    /// <exception cref="LinuxException">There is none (ENODEV).</exception>
    public Link GetLink(string name) => FindLink(name) ?? throw new LinuxException($"get link {name}", Errno.ENODEV);

    public IReadOnlyList<Link> GetLinks()
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.GetLink, NetlinkFlags.Dump)
            .Header(default(InterfaceHeader));
        message.Attributes<LinkAttribute>().Put(LinkAttribute.ExtendedMask, SkipStatistics);
        return _socket.Dump(message, LinkParser.Parse, "list links");
    }

    /// <summary>Makes a pair whose ends may be born in other namespaces.</summary>
    /// <exception cref="LinuxException">EEXIST: one of the names is taken in its namespace.</exception>
    /// <param name="masterIndex">The bridge that <paramref name="end"/> joins at birth.</param>
    /// <param name="up">
    /// Whether <paramref name="end"/> is up from the start; the peer cannot be, as it exists before the end does.
    /// </param>
    public void AddVeth(VethEnd end, VethEnd peer, int? masterIndex = null, bool up = false) =>
        _socket.Execute(
            NewVeth(end, peer, masterIndex, up), $"add veth {end.Name} and its peer {peer.Name}");

    /// <summary>Makes a bridge, down.</summary>
    /// <exception cref="LinuxException">EEXIST: the name is taken.</exception>
    public void AddBridge(string name, uint? mtu, MacAddress? address)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.NewLink, CreateExclusive)
            .Header(default(InterfaceHeader));
        AttributeWriter<LinkAttribute> link = message.Attributes<LinkAttribute>();
        link.Put(LinkAttribute.Name, name);
        PutOptional(link, mtu, txQueueLength: null, address);

        using (AttributeWriter<LinkInfoAttribute> info = link.Nest<LinkInfoAttribute>(LinkAttribute.LinkInfo))
        {
            info.Put(LinkInfoAttribute.Kind, "bridge");
        }

        _socket.Execute(message, $"add bridge {name}");
    }

    /// <summary>Makes a macvlan on a parent of this namespace, born in <paramref name="target"/>.</summary>
    public void AddMacvlan(
        string name, int parentIndex, MacvlanMode mode, SafeFd target, uint? mtu, MacAddress? address)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.NewLink, CreateExclusive)
            .Header(default(InterfaceHeader));
        AttributeWriter<LinkAttribute> link = message.Attributes<LinkAttribute>();
        link.Put(LinkAttribute.Name, name);
        link.Put(LinkAttribute.Link, parentIndex);
        link.Put(LinkAttribute.NetworkNamespaceFd, target.Value);
        PutOptional(link, mtu, txQueueLength: null, address);

        using (AttributeWriter<LinkInfoAttribute> info = link.Nest<LinkInfoAttribute>(LinkAttribute.LinkInfo))
        {
            info.Put(LinkInfoAttribute.Kind, "macvlan");
            using AttributeWriter<MacvlanAttribute> data = info.Nest<MacvlanAttribute>(LinkInfoAttribute.Data);
            data.Put(MacvlanAttribute.Mode, (uint)mode);
        }

        _socket.Execute(message, $"add macvlan {name} on link {parentIndex}");
    }

    /// <summary>Makes a link that needs nothing but its kind and name, such as <c>ifb</c>.</summary>
    public void AddLink(string kind, string name, uint? mtu = null, bool up = false)
    {
        LinkFlags flags = up ? LinkFlags.Up : LinkFlags.None;
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.NewLink, CreateExclusive)
            .Header(new InterfaceHeader { Flags = flags, Change = flags });
        AttributeWriter<LinkAttribute> link = message.Attributes<LinkAttribute>();
        link.Put(LinkAttribute.Name, name);
        PutOptional(link, mtu, txQueueLength: null, address: null);

        using (AttributeWriter<LinkInfoAttribute> info = link.Nest<LinkInfoAttribute>(LinkAttribute.LinkInfo))
        {
            info.Put(LinkInfoAttribute.Kind, kind);
        }

        _socket.Execute(message, $"add {kind} {name}");
    }

    public void ChangeLink(int index, LinkChange change)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.NewLink, NetlinkFlags.None)
            .Header(FlagChange(index, change));
        AttributeWriter<LinkAttribute> link = message.Attributes<LinkAttribute>();

        if (change.Name is string name)
        {
            link.Put(LinkAttribute.Name, name);
        }

        if (change.MasterIndex is int master)
        {
            link.Put(LinkAttribute.Master, master);
        }

        if (change.Namespace is SafeFd target)
        {
            link.Put(LinkAttribute.NetworkNamespaceFd, target.Value);
        }

        PutOptional(link, change.Mtu, change.TxQueueLength, change.Address);
        _socket.Execute(message, $"change link {index}");
    }

    /// <summary>Whether its bridge sends frames back through a port, and whether isolated ports see each other.</summary>
    public void ChangeBridgePort(int index, bool? isHairpin, bool? isIsolated)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.NewLink, NetlinkFlags.None)
            .Header(new InterfaceHeader { Index = index });

        using (AttributeWriter<LinkInfoAttribute> info =
            message.Attributes<LinkAttribute>().Nest<LinkInfoAttribute>(LinkAttribute.LinkInfo))
        {
            info.Put(LinkInfoAttribute.PortKind, "bridge");
            using AttributeWriter<BridgePortAttribute> port = info.Nest<BridgePortAttribute>(LinkInfoAttribute.PortData);

            if (isHairpin is bool hairpin)
            {
                port.Put(BridgePortAttribute.Mode, hairpin ? (byte)1 : (byte)0);
            }

            if (isIsolated is bool isolated)
            {
                port.Put(BridgePortAttribute.Isolated, isolated ? (byte)1 : (byte)0);
            }
        }

        _socket.Execute(message, $"change bridge port {index}");
    }

    /// <summary>False when there is no such link.</summary>
    public bool DeleteLink(int index) =>
        ExecuteRemoval(
            new NetlinkMessageBuilder(RouteMessageType.DeleteLink, NetlinkFlags.None)
                .Header(new InterfaceHeader { Index = index }),
            $"delete link {index}",
            Errno.ENODEV);

    /// <summary>False when there is no such link.</summary>
    public bool DeleteLink(string name)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.DeleteLink, NetlinkFlags.None)
            .Header(default(InterfaceHeader));
        message.Attributes<LinkAttribute>().Put(LinkAttribute.Name, name);
        return ExecuteRemoval(message, $"delete link {name}", Errno.ENODEV);
    }

    internal static NetlinkMessageBuilder NewVeth(VethEnd end, VethEnd peer, int? masterIndex, bool up)
    {
        LinkFlags flags = up ? LinkFlags.Up : LinkFlags.None;
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.NewLink, CreateExclusive)
            .Header(new InterfaceHeader { Flags = flags, Change = flags });
        AttributeWriter<LinkAttribute> link = message.Attributes<LinkAttribute>();
        PutEnd(link, end);

        if (masterIndex is int master)
        {
            link.Put(LinkAttribute.Master, master);
        }

        using AttributeWriter<LinkInfoAttribute> info = link.Nest<LinkInfoAttribute>(LinkAttribute.LinkInfo);
        info.Put(LinkInfoAttribute.Kind, "veth");

        using AttributeWriter<VethAttribute> data = info.Nest<VethAttribute>(LinkInfoAttribute.Data);
        using AttributeWriter<LinkAttribute> peerLink = data.Nest<LinkAttribute>(VethAttribute.Peer);
        peerLink.Header(default(InterfaceHeader));
        PutEnd(peerLink, peer);

        return message;
    }

    private Link? FindLink(InterfaceHeader header, string? name, string operation)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.GetLink, NetlinkFlags.None)
            .Header(header);
        AttributeWriter<LinkAttribute> link = message.Attributes<LinkAttribute>();
        link.Put(LinkAttribute.ExtendedMask, SkipStatistics);

        if (name is not null)
        {
            link.Put(LinkAttribute.Name, name);
        }

        try
        {
            return _socket.Get(message, LinkParser.Parse, operation);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENODEV)
        {
            return null;
        }
    }

    private static void PutEnd(AttributeWriter<LinkAttribute> link, VethEnd end)
    {
        link.Put(LinkAttribute.Name, end.Name);
        PutOptional(link, end.Mtu, txQueueLength: null, end.Address);

        if (end.Namespace is SafeFd target)
        {
            link.Put(LinkAttribute.NetworkNamespaceFd, target.Value);
        }
    }

    private static void PutOptional(
        AttributeWriter<LinkAttribute> link, uint? mtu, uint? txQueueLength, MacAddress? address)
    {
        if (mtu is uint length)
        {
            link.Put(LinkAttribute.Mtu, length);
        }

        if (txQueueLength is uint queue)
        {
            link.Put(LinkAttribute.TxQueueLength, queue);
        }

        if (address is MacAddress mac)
        {
            link.Put(LinkAttribute.Address, mac.ToBytes());
        }
    }

    private static InterfaceHeader FlagChange(int index, LinkChange change)
    {
        InterfaceHeader header = new() { Index = index };
        Set(LinkFlags.Up, change.Up);
        Set(LinkFlags.Promiscuous, change.Promiscuous);
        Set(LinkFlags.AllMulticast, change.AllMulticast);
        return header;

        void Set(LinkFlags flag, bool? wish)
        {
            if (wish is bool isSet)
            {
                header.Change |= flag;
                header.Flags |= isSet ? flag : LinkFlags.None;
            }
        }
    }
}
