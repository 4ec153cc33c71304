using Noded.Kubelet.Images;

namespace Noded.Kubelet.Tests.Images;

public sealed class ImageMetricsTests
{
    [Theory]
    [InlineData(0, "N/A")]
    [InlineData(1, "0-10MB")]
    [InlineData(10L << 20, "0-10MB")]
    [InlineData((10L << 20) + 1, "10MB-100MB")]
    [InlineData(500L << 20, "100MB-500MB")]
    [InlineData(1L << 30, "500MB-1GB")]
    [InlineData(100L << 30, "60GB-100GB")]
    [InlineData((100L << 30) + 1, "GT100GB")]
    public void SizeClass_OfBytes_HasUpstreamsNameAndBounds(long bytes, string expected) =>
        Assert.Equal(expected, ImageMetrics.SizeClass(bytes));
}
