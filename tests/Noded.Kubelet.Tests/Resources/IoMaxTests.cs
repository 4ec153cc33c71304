using Noded.Kubelet.Resources;
using Noded.Linux.Cgroups;

namespace Noded.Kubelet.Tests.Resources;

public sealed class IoMaxTests
{
    [Fact]
    public void Parse_SeveralDevices_HasTheirLimits()
    {
        IoLimit[] limits = [.. IoMax.Parse("/dev/vda rbps=10Mi wiops=200; 8:16 wbps=1M riops=3;", out string? error)];

        Assert.Null(error);
        Assert.Equal(
            [
                new IoLimit("/dev/vda") { ReadBytes = 10 << 20, WriteOperations = 200 },
                new IoLimit("8:16") { WriteBytes = 1_000_000, ReadOperations = 3 },
            ],
            limits);
    }

    [Theory]
    [InlineData("", "names no device")]
    [InlineData("vda rbps=1", "\"vda\" is no device: needs a path below /dev, or MAJOR:MINOR")]
    [InlineData("/dev/../etc/passwd rbps=1", "\"/dev/../etc/passwd\" is no device: needs a path below /dev, or MAJOR:MINOR")]
    [InlineData("8:x rbps=1", "\"8:x\" is no device: needs a path below /dev, or MAJOR:MINOR")]
    [InlineData("8:0", "8:0 has no limit: needs one of rbps, wbps, riops, wiops")]
    [InlineData("8:0 rbps=0", "\"rbps=0\" is no limit: needs rbps, wbps, riops or wiops, \"=\" and a quantity of at least 1")]
    [InlineData("8:0 speed=1", "\"speed=1\" is no limit: needs rbps, wbps, riops or wiops, \"=\" and a quantity of at least 1")]
    public void Parse_Mistake_IsNamed(string text, string expected)
    {
        Assert.Empty(IoMax.Parse(text, out string? error));

        Assert.Equal(expected, error);
    }
}
