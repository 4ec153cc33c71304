namespace Noded.Primitives.Tests;

public sealed class MacAddressTests
{
    [Fact]
    public void Parse_Text_RoundTrips()
    {
        MacAddress address = MacAddress.Parse("02:42:AC:11:00:0f");

        Assert.Equal("02:42:ac:11:00:0f", address.ToString());
        Assert.Equal([0x02, 0x42, 0xac, 0x11, 0x00, 0x0f], address.ToBytes());
        Assert.Equal(address, new MacAddress(address.ToBytes()));
        Assert.False(address.IsMulticast);
        Assert.True(MacAddress.Parse("01-00-5e-00-00-01").IsMulticast);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("02:42:ac:11:00")]
    [InlineData("02:42:ac:11:00:0g")]
    [InlineData("02:42:ac:11:00:0f:01")]
    [InlineData("0242ac11000f")]
    [InlineData("02.42.ac.11.00.0f")]
    [InlineData(" 2:42:ac:11:00:0f")]
    public void TryParse_WhatIsNoAddress_IsFalse(string? text) => Assert.False(MacAddress.TryParse(text, out _));
}
