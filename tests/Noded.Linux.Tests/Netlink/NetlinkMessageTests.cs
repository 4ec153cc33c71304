using System.Buffers.Binary;
using System.Net;
using Noded.Linux.Netlink;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Linux.Tests.Netlink;

public sealed class NetlinkMessageTests
{
    [Fact]
    public void Finish_NewVeth_IsWhatTheKernelDefines()
    {
        NetlinkMessageBuilder message = RtNetlink.NewVeth(
            new VethEnd("v0") { Mtu = 1400 }, new VethEnd("v1") { Mtu = 1400 }, masterIndex: null, up: false);

        string bytes = Convert.ToHexStringLower(message.Finish(sequence: 7, portId: 9, NetlinkFlags.Ack));

        // On machines of the other byte order every number but the text would read backwards.
        Assert.SkipUnless(BitConverter.IsLittleEndian, "little-endian text of the message");
        Assert.Equal(
            string.Concat(
                "68000000", "1000", "0506", "07000000", "09000000", // length 104, RTM_NEWLINK, CREATE|EXCL|ACK|REQUEST
                "00", "00", "0000", "00000000", "00000000", "00000000", // struct ifinfomsg
                "0700", "0300", "76300000", // IFLA_IFNAME "v0", 3 bytes and padding
                "0800", "0400", "78050000", // IFLA_MTU 1400
                "3800", "1280", // IFLA_LINKINFO, nested: 56 bytes
                "0900", "0100", "76657468", "00000000", // IFLA_INFO_KIND "veth"
                "2800", "0280", // IFLA_INFO_DATA
                "2400", "0180", // VETH_INFO_PEER
                "00", "00", "0000", "00000000", "00000000", "00000000", // struct ifinfomsg of the peer
                "0700", "0300", "76310000", // IFLA_IFNAME "v1"
                "0800", "0400", "78050000"), // IFLA_MTU 1400
            bytes);
    }

    [Fact]
    public void AttributeReader_WhatWasWritten_ReadsTheSame()
    {
        NetlinkMessageBuilder message = new(16, NetlinkFlags.None);
        AttributeWriter<RouteAttribute> route = message.Attributes<RouteAttribute>();
        route.Put(RouteAttribute.Gateway, IPAddress.Parse("fd00::1"));

        using (AttributeWriter<RouteMetricAttribute> metrics = route.Nest<RouteMetricAttribute>(RouteAttribute.Metrics))
        {
            metrics.Put(RouteMetricAttribute.Mtu, 1400u);
        }

        route.Put(RouteAttribute.OutputLink, 3);

        List<string> read = [];
        AttributeReader<RouteAttribute> reader = new(message.Finish(1, 0)[16..]);

        while (reader.Read())
        {
            if (reader.Type == RouteAttribute.Metrics)
            {
                AttributeReader<RouteMetricAttribute> metrics = reader.Nested<RouteMetricAttribute>();
                Assert.True(metrics.Read());
                read.Add($"{metrics.Type}={metrics.UInt32}");
            }
            else
            {
                read.Add($"{reader.Type}={Convert.ToHexStringLower(reader.Value)}");
            }
        }

        Assert.Equal(
            ["Gateway=fd000000000000000000000000000001", "Mtu=1400", $"OutputLink={Hex(3)}"],
            read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("04")]
    [InlineData("0300010000")]
    [InlineData("0000010041414141")]
    [InlineData("ffff010041414141")]
    public void AttributeReader_BytesThatAreNoAttributes_EndsWithoutAny(string hex)
    {
        AttributeReader<LinkAttribute> reader = new(Convert.FromHexString(hex));

        Assert.False(reader.Read());
    }

    [Fact]
    public void Readers_RandomBytes_StayWithinThem()
    {
        // A fixed seed: a failure is the same every time.
        Random random = new(20261123);
        byte[] bytes = new byte[512];

        for (int round = 0; round < 20_000; round++)
        {
            random.NextBytes(bytes);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(16), (ushort)random.Next(0, 64));
            ReadOnlySpan<byte> datagram = bytes.AsSpan(0, random.Next(bytes.Length));

            while (NetlinkReply.TryRead(ref datagram, out NetlinkReply reply))
            {
                LinkParser.Parse(RouteMessageType.NewLink, reply.Payload);
            }

            LinkParser.Parse(RouteMessageType.NewLink, bytes);
        }
    }

    private static string Hex(int value) => Convert.ToHexStringLower(BitConverter.GetBytes(value));
}
