using System.Net;

namespace Noded.Primitives.Tests;

public sealed class IPPrefixTests
{
    [Theory]
    [InlineData("10.244.1.7/24", "10.244.1.0/24")]
    [InlineData("10.244.1.7/0", "0.0.0.0/0")]
    [InlineData("10.244.1.7/32", "10.244.1.7/32")]
    [InlineData("10.244.255.255/9", "10.128.0.0/9")]
    [InlineData("fd00:10:244:1::7/64", "fd00:10:244:1::/64")]
    [InlineData("fd00::ffff/121", "fd00::ff80/121")]
    public void Network_OfAnAddress_HasOnlyItsBits(string text, string network)
    {
        IPPrefix prefix = IPPrefix.Parse(text);

        Assert.Equal(text, prefix.ToString());
        Assert.Equal(network, prefix.Network.ToString());
        Assert.True(prefix.Contains(prefix.Address));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.1/")]
    [InlineData("10.0.0.1/33")]
    [InlineData("10.0.0.1/-1")]
    [InlineData("10.0.0.1/+8")]
    [InlineData("10.0.0.1/8 ")]
    [InlineData("10.0.0/8")]
    [InlineData("010.0.0.1/8")]
    [InlineData("0x0a.0.0.1/8")]
    [InlineData("10.0.0.256/8")]
    [InlineData("fd00::/129")]
    [InlineData("fd00::1%eth0/64")]
    [InlineData("[fd00::1]/64")]
    public void TryParse_WhatIsNoPrefix_IsFalse(string? text) => Assert.False(IPPrefix.TryParse(text, out _));

    [Fact]
    public void Parse_MappedAddress_IsV4() =>
        Assert.Equal("10.0.0.1/32", IPPrefix.Host(IPAddress.Parse("::ffff:10.0.0.1")).ToString());

    [Theory]
    [InlineData("10.0.0.0/8", "10.9.0.0/16", true)]
    [InlineData("10.9.0.0/16", "10.0.0.0/8", true)]
    [InlineData("10.9.0.0/16", "10.8.0.0/16", false)]
    [InlineData("0.0.0.0/0", "::/0", false)]
    [InlineData("fd00::/8", "fd01::1/128", true)]
    public void Overlaps_TwoNetworks_IsSymmetric(string a, string b, bool expected)
    {
        Assert.Equal(expected, IPPrefix.Parse(a).Overlaps(IPPrefix.Parse(b)));
        Assert.Equal(expected, IPPrefix.Parse(b).Overlaps(IPPrefix.Parse(a)));
    }

    [Fact]
    public void Equals_SameAddressAndLength_Is() =>
        Assert.Equal(IPPrefix.Parse("fd00::1/64"), new IPPrefix(IPAddress.Parse("fd00:0::1"), 64));
}
