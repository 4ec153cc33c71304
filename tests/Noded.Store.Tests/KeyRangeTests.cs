using System.Text;

namespace Noded.Store.Tests;

public sealed class KeyRangeTests
{
    [Fact]
    public void Compare_RandomKeys_IsTheOrderOfTheirBytes()
    {
        Random random = new(1);
        string[] parts = ["/", "a", "\u007f", "\u00e9", "\u07ff", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"];

        for (int i = 0; i < 20_000; i++)
        {
            string left = string.Concat(random.GetItems(parts, random.Next(4)));
            string right = string.Concat(random.GetItems(parts, random.Next(4)));

            Assert.Equal(
                Math.Sign(Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right))),
                Math.Sign(KeyRange.Compare(left, right)));
        }
    }

    [Theory]
    [InlineData("/a/", "/a0")]
    [InlineData("a~", "a\u007f")]
    public void EndOfPrefix_Prefix_IsTheFirstKeyAfterAllOfIt(string prefix, string expected) =>
        Assert.Equal(expected, KeyRange.EndOfPrefix(prefix));

    [Theory]
    [InlineData("")]
    [InlineData("/\u007f")]
    [InlineData("/\u00e9")]
    public void EndOfPrefix_PrefixWithoutOne_IsRefused(string prefix) =>
        Assert.Throws<ArgumentException>(() => KeyRange.EndOfPrefix(prefix));

    [Theory]
    [InlineData("/a", null, "/a", true)]
    [InlineData("/a", null, "/a/", false)]
    [InlineData("/a/", "/a0", "/a/", true)]
    [InlineData("/a/", "/a0", "/a/z", true)]
    [InlineData("/a/", "/a0", "/a0", false)]
    [InlineData("/a/", "/a0", "/a", false)]
    public void Contains_Key_IsInTheRangeOrNot(string start, string? end, string key, bool expected) =>
        Assert.Equal(expected, KeyRange.Contains(start, end, key));
}
