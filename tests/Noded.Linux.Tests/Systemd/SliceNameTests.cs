using Noded.Linux.Cgroups;
using Noded.Linux.Systemd;

namespace Noded.Linux.Tests.Systemd;

public sealed class SliceNameTests
{
    [Theory]
    [InlineData("kubepods.slice", "kubepods")]
    [InlineData("kubepods.slice/kubepods-burstable.slice", "kubepods", "burstable")]
    [InlineData(
        "kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod0a_1b.slice", "kubepods", "besteffort", "pod0a-1b")]
    public void ToCgroup_Parts_IsUpstreamsPath(string expected, params string[] parts) =>
        Assert.Equal(expected, SliceName.ToCgroup(parts));

    [Theory]
    [InlineData(null, "kubepods.slice/kubepods-podu_1.slice")]
    [InlineData("noded-ab", "noded_ab.slice/noded_ab-kubepods.slice/noded_ab-kubepods-podu_1.slice")]
    public void Locate_NodeOfItsOwnName_IsBelowIt(string? node, string expected)
    {
        SystemdCgroupDriver driver = new(new CgroupHierarchies([]), node, TimeProvider.System);

        Cgroup pod = driver.Locate("kubepods", "podu-1");

        Assert.Equal(expected, pod.Path);
        Assert.Equal($"{expected}/cri-containerd-c1.scope", driver.LocateContainer(pod, "c1").Path);
    }
}
