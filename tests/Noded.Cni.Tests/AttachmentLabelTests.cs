using Noded.Linux.Netlink.NfTables;

namespace Noded.Cni.Tests;

public sealed class AttachmentLabelTests
{
    [Fact]
    public void Of_IdsAsCriMakesThem_AreInIt()
    {
        string id = new('a', 64);

        Assert.Equal($"net1 {id} eth0", AttachmentLabel.Of("net1", new Attachment(id, "eth0")));
    }

    [Theory]
    [InlineData(200, 64, 4)]
    [InlineData(4, 200, 15)]
    [InlineData(46, 64, 15)]
    public void Of_AnyLength_IsACommentAndTellsThemApart(int network, int id, int name)
    {
        Attachment attachment = new(new string('c', id), new string('ü', name));
        Attachment other = attachment with { ContainerId = attachment.ContainerId[1..] + "d" };
        string label = AttachmentLabel.Of(new string('n', network), attachment);

        Assert.InRange(label.Length, 1, Math.Min(AttachmentLabel.MaxLength, NfElement.MaxCommentLength));
        Assert.All(label, character => Assert.True(char.IsAscii(character)));
        Assert.NotEqual(label, AttachmentLabel.Of(new string('n', network), other));
        Assert.True(AttachmentLabel.IsOf(label, new string('n', network)));
        Assert.False(AttachmentLabel.IsOf(label, new string('n', network + 1)));
    }

    [Fact]
    public void IsOf_NetworkThatBeginsAlike_IsFalse() =>
        Assert.False(AttachmentLabel.IsOf(AttachmentLabel.Of("net10", new Attachment("c", "eth0")), "net1"));
}
