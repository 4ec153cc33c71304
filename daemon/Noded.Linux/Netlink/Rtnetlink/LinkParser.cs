using System.Runtime.InteropServices;
using Noded.Primitives;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>Reads RTM_NEWLINK replies.</summary>
internal static class LinkParser
{
    internal static Link? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RouteMessageType.NewLink || !MemoryMarshal.TryRead(payload, out InterfaceHeader header))
        {
            return null;
        }

        Link link = new(header.Index, "", "", header.Flags, 0, 0, null, 0, null, 0, 0);
        AttributeReader<LinkAttribute> attributes = new(payload[Marshal.SizeOf<InterfaceHeader>()..]);

        while (attributes.Read())
        {
            link = attributes.Type switch
            {
                LinkAttribute.Name => link with { Name = attributes.Text },
                LinkAttribute.Mtu => link with { Mtu = attributes.UInt32 },
                LinkAttribute.TxQueueLength => link with { TxQueueLength = attributes.UInt32 },
                LinkAttribute.Address when attributes.Value.Length == MacAddress.Length =>
                    link with { Address = new MacAddress(attributes.Value) },
                LinkAttribute.Link => link with { PeerIndex = attributes.Int32 },
                LinkAttribute.LinkNetworkNamespaceId => link with { PeerNamespaceId = attributes.Int32 },
                LinkAttribute.Master => link with { MasterIndex = attributes.Int32 },
                LinkAttribute.Promiscuity => link with { Promiscuity = attributes.UInt32 },
                LinkAttribute.LinkInfo => WithInfo(link, attributes.Nested<LinkInfoAttribute>()),
                _ => link,
            };
        }

        return link;
    }

    private static Link WithInfo(Link link, AttributeReader<LinkInfoAttribute> info)
    {
        while (info.Read())
        {
            link = info.Type switch
            {
                LinkInfoAttribute.Kind => link with { Kind = info.Text },
                // The kernel writes the kind before its data.
                LinkInfoAttribute.Data when link.Kind == "macvlan" => WithMacvlan(link, info.Nested<MacvlanAttribute>()),
                LinkInfoAttribute.PortData => WithPort(link, info.Nested<BridgePortAttribute>()),
                _ => link,
            };
        }

        return link;
    }

    private static Link WithMacvlan(Link link, AttributeReader<MacvlanAttribute> macvlan)
    {
        while (macvlan.Read())
        {
            if (macvlan.Type == MacvlanAttribute.Mode)
            {
                return link with { MacvlanMode = (MacvlanMode)macvlan.UInt32 };
            }
        }

        return link;
    }

    private static Link WithPort(Link link, AttributeReader<BridgePortAttribute> port)
    {
        while (port.Read())
        {
            if (port.Type == BridgePortAttribute.Mode)
            {
                return link with { IsHairpin = port.Byte != 0 };
            }
        }

        return link;
    }
}
