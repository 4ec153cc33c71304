using System.Collections.Immutable;
using System.Net;
using System.Text;
using Noded.Primitives;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>What rules ask of packets, in the steps that it takes.</summary>
public static class NfMatch
{
    // RTN_LOCAL of linux/rtnetlink.h.
    private const uint LocalRoute = 2;

    private const int LinkNameLength = 16;

    /// <summary>Comes before a header is loaded in a table for both versions of IP.</summary>
    public static NfExpression[] Family(bool isV6) =>
        [new NfExpression.Meta(NfMeta.Family), Is((byte)(isV6 ? NfFamily.Ipv6 : NfFamily.Ipv4))];

    /// <summary>The packet is for this machine.</summary>
    public static NfExpression[] DestinationIsLocal =>
        [new NfExpression.DestinationType(), new NfExpression.Compare(Native(LocalRoute))];

    public static NfExpression LoadSource(bool isV6, int to = 0) =>
        new NfExpression.Payload(NfHeader.Network, isV6 ? 8u : 12u, isV6 ? 16u : 4u, to);

    public static NfExpression LoadDestination(bool isV6, int to = 0) =>
        new NfExpression.Payload(NfHeader.Network, isV6 ? 24u : 16u, isV6 ? 16u : 4u, to);

    /// <summary>Of TCP, UDP and SCTP alike.</summary>
    public static NfExpression LoadDestinationPort(int to) =>
        new NfExpression.Payload(NfHeader.Transport, Offset: 2, Length: 2, to);

    public static NfExpression[] DestinationIn(IPPrefix prefix) =>
        prefix.Length == 0
            ? Family(prefix.IsV6)
            :
            [
                .. Family(prefix.IsV6),
                LoadDestination(prefix.IsV6),
                .. Masked(prefix),
                new NfExpression.Compare([.. prefix.Network.Address.GetAddressBytes()]),
            ];

    public static NfExpression[] InputLinkIsNot(string name)
    {
        byte[] bytes = new byte[LinkNameLength];
        Encoding.UTF8.GetBytes(name, bytes);
        return [new NfExpression.Meta(NfMeta.InputLinkName), new NfExpression.Compare([.. bytes], IsEqual: false)];
    }

    /// <summary>All of the bits are set, or none of them.</summary>
    public static NfExpression[] Bits(NfExpression load, uint bits, bool areSet) =>
        [
            load,
            new NfExpression.Bitwise(Native(bits), Native(0)),
            new NfExpression.Compare(Native(areSet ? bits : 0)),
        ];

    /// <summary>Sets bits of the packet's mark and leaves the others.</summary>
    public static NfExpression[] SetMark(uint bits) =>
        [
            new NfExpression.Meta(NfMeta.Mark),
            new NfExpression.Bitwise(Native(~bits), Native(bits)),
            new NfExpression.SetMeta(NfMeta.Mark),
        ];

    private static NfExpression.Compare Is(byte value) => new([value]);

    private static NfExpression[] Masked(IPPrefix prefix)
    {
        if (prefix.IsHost)
        {
            return [];
        }

        IPAddress ones = new([.. Enumerable.Repeat((byte)0xff, prefix.IsV6 ? 16 : 4)]);
        byte[] mask = new IPPrefix(ones, prefix.Length).Network.Address.GetAddressBytes();
        return [new NfExpression.Bitwise([.. mask], [.. new byte[mask.Length]])];
    }

    private static ImmutableArray<byte> Native(uint value) => [.. BitConverter.GetBytes(value)];
}
