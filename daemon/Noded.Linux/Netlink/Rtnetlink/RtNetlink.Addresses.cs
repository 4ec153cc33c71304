using System.Net;
using System.Runtime.InteropServices;
using Noded.Primitives;

namespace Noded.Linux.Netlink.Rtnetlink;

public sealed partial class RtNetlink
{
    // AF_* of the kernel; .NET's AddressFamily has numbers of its own.
    private const byte FamilyUnspecified = 0;
    private const byte FamilyV4 = 2;
    private const byte FamilyV6 = 10;

    // RTNLGRP_IPV6_IFADDR.
    private const int V6AddressGroup = 9;

    // One second of detection, after up to one of random delay, and time for a link to come up.
    private static readonly TimeSpan DetectionLimit = TimeSpan.FromSeconds(10);

    /// <summary>Adds an address; IPv4 gets the broadcast address of its network, as ip(8) does with "brd +".</summary>
    /// <exception cref="LinuxException">EEXIST: the link has it.</exception>
    public void AddAddress(int linkIndex, IPPrefix address, AddressFlags flags = AddressFlags.None)
    {
        NetlinkMessageBuilder message = Address(RouteMessageType.NewAddress, CreateExclusive, linkIndex, address);
        AttributeWriter<AddressAttribute> attributes = message.Attributes<AddressAttribute>();

        if (flags != AddressFlags.None)
        {
            attributes.Put(AddressAttribute.Flags, (uint)flags);
        }

        if (address.IsV4 && BroadcastOf(address) is IPAddress broadcast)
        {
            attributes.Put(AddressAttribute.Broadcast, broadcast);
        }

        _socket.Execute(message, $"add address {address} to link {linkIndex}");
    }

    /// <summary>False when the link has no such address or is gone.</summary>
    public bool DeleteAddress(int linkIndex, IPPrefix address) =>
        ExecuteRemoval(
            Address(RouteMessageType.DeleteAddress, NetlinkFlags.None, linkIndex, address),
            $"delete address {address} of link {linkIndex}",
            Errno.EADDRNOTAVAIL,
            Errno.ENODEV);

    /// <summary>The addresses of one link, or of all when <paramref name="linkIndex"/> is null.</summary>
    public IReadOnlyList<LinkAddress> GetAddresses(int? linkIndex = null)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.GetAddress, NetlinkFlags.Dump)
            .Header(new AddressHeader { Family = FamilyUnspecified });
        List<LinkAddress> all = _socket.Dump(message, ParseAddress, "list addresses");
        return linkIndex is int index ? all.FindAll(address => address.LinkIndex == index) : all;
    }

    /// <summary>Waits until duplicate address detection is through for all IPv6 addresses of a link (RFC 4862, 5.4).</summary>
    /// <exception cref="IOException">Another host has one of them, or it takes longer than 10 seconds.</exception>
    public void WaitForAddresses(int linkIndex, TimeProvider clock)
    {
        long start = clock.GetTimestamp();

        // Subscribed before the first look: no change falls between the two.
        _socket.WithNotifications(V6AddressGroup, () =>
        {
            while (FindTentative(linkIndex) is LinkAddress tentative)
            {
                TimeSpan rest = DetectionLimit - clock.GetElapsedTime(start);

                if (rest <= TimeSpan.Zero)
                {
                    throw new IOException($"duplicate address detection of {tentative.Prefix} takes longer than {DetectionLimit.TotalSeconds} s");
                }

                _socket.WaitForNotification(rest);
            }
        });
    }

    internal static byte FamilyOf(IPPrefix prefix) => prefix.IsV6 ? FamilyV6 : FamilyV4;

    private static NetlinkMessageBuilder Address(ushort type, NetlinkFlags flags, int linkIndex, IPPrefix address)
    {
        AddressHeader header = new()
        {
            Family = FamilyOf(address),
            PrefixLength = (byte)address.Length,
            Index = linkIndex,
        };
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(type, flags).Header(header);
        AttributeWriter<AddressAttribute> attributes = message.Attributes<AddressAttribute>();
        attributes.Put(AddressAttribute.Local, address.Address);
        attributes.Put(AddressAttribute.Address, address.Address);
        return message;
    }

    private LinkAddress? FindTentative(int linkIndex)
    {
        IReadOnlyList<LinkAddress> addresses = GetAddresses(linkIndex);
        return addresses.FirstOrDefault(address => address.Flags.HasFlag(AddressFlags.DuplicateDetected)) is LinkAddress taken
            ? throw new IOException($"{taken.Prefix} is in use by another host on link {linkIndex}")
            : addresses.FirstOrDefault(address => address.Flags.HasFlag(AddressFlags.Tentative));
    }

    /// <summary>Null for the prefixes that have none: /31 (RFC 3021) and /32.</summary>
    private static IPAddress? BroadcastOf(IPPrefix address)
    {
        if (address.Length > 30)
        {
            return null;
        }

        byte[] bytes = address.Address.GetAddressBytes();

        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] |= (byte)(0xff >> Math.Clamp(address.Length - (8 * i), 0, 8));
        }

        return new IPAddress(bytes);
    }

    private static LinkAddress? ParseAddress(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RouteMessageType.NewAddress || !MemoryMarshal.TryRead(payload, out AddressHeader header))
        {
            return null;
        }

        AddressFlags flags = (AddressFlags)header.Flags;
        IPAddress? local = null;
        IPAddress? address = null;
        AttributeReader<AddressAttribute> attributes = new(payload[Marshal.SizeOf<AddressHeader>()..]);

        while (attributes.Read())
        {
            switch (attributes.Type)
            {
                // On point-to-point links the other attribute is the peer's; IPv6 has that one alone.
                case AddressAttribute.Local:
                    local = new IPAddress(attributes.Value);
                    break;
                case AddressAttribute.Address:
                    address = new IPAddress(attributes.Value);
                    break;
                case AddressAttribute.Flags:
                    flags = (AddressFlags)attributes.UInt32;
                    break;
            }
        }

        return (local ?? address) is IPAddress found
            ? new LinkAddress(header.Index, new IPPrefix(found, header.PrefixLength), flags)
            : null;
    }
}
