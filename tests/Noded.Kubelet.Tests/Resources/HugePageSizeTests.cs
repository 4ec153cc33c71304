using Noded.Kubelet.Resources;

namespace Noded.Kubelet.Tests.Resources;

public sealed class HugePageSizeTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("hugepages-2048kB", "hugepages-2Mi", "2MB", 2L << 20)]
    [InlineData("hugepages-1048576kB", "hugepages-1Gi", "1GB", 1L << 30)]
    [InlineData("hugepages-64kB", "hugepages-64Ki", "64KB", 64L << 10)]
    public void TryParse_DirectoryOfTheKernel_HasItsNamesAndSize(string directory, string resource, string kernelName, long bytes) =>
        Assert.Equal(new HugePageSize(resource, kernelName, bytes), HugePageSize.TryParse(directory));

    [Theory]
    [InlineData("transparent")]
    [InlineData("hugepages-xkB")]
    public void TryParse_AnythingElse_IsNone(string directory) => Assert.Null(HugePageSize.TryParse(directory));

    [Fact]
    public void ReadReserved_PagesOfASize_AreThatManyBytes()
    {
        string pages = _directory.CreateSubdirectory("hugepages-2048kB").FullName;
        File.WriteAllText(Path.Combine(pages, "nr_hugepages"), "3\n");

        HugePageSize size = Assert.Single(HugePageSize.Read(_directory.FullName));

        Assert.Equal(6L << 20, size.ReadReserved(_directory.FullName));
    }

    [Fact]
    public void Read_KernelWithoutHugePages_IsNothing() => Assert.Empty(HugePageSize.Read(Path.Combine(_directory.FullName, "none")));
}
