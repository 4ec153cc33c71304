using System.Globalization;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Runtime;

public sealed class OutOfMemoryKillsTests
{
    private readonly List<string> _log = [];
    private readonly FlightRecorder _flight = new(16, TimeProvider.System);

    [Theory]
    [InlineData("/noded/kubepods/burstable/pod1/c1")]
    [InlineData("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-c1.scope")]
    [InlineData("/noded/kubepods/burstable/pod1/c1/below")]
    public void Contains_ContainerOfAProcessThatTheKernelKilled_IsSo(string cgroup)
    {
        OutOfMemoryKills kills = new(New, _flight);
        _log.Add("testimage invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=992");
        _log.Add(Summary(cgroup));
        _log.Add("Memory cgroup out of memory: Killed process 5 (testimage) total-vm:221368kB");

        Assert.True(kills.Contains(new ContainerId("c1")));
        Assert.False(kills.Contains(new ContainerId("c2")));
        Assert.True(kills.Contains(new ContainerId("c1")));
    }

    [Theory]
    [InlineData("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=c1")]
    [InlineData("somebody said oom-kill:,task_memcg=/c1,task=x")]
    [InlineData("oom-kill:")]
    [InlineData("")]
    public void Contains_OtherRecords_AreNone(string record)
    {
        _log.Add(record);

        Assert.False(new OutOfMemoryKills(New, _flight).Contains(new ContainerId("c1")));
    }

    [Fact]
    public void Contains_Many_TheOldestAreForgotten()
    {
        _log.AddRange(Enumerable.Range(0, 1025).Select(
            i => Summary(string.Create(CultureInfo.InvariantCulture, $"/kubepods/c{i:0000}"))));
        OutOfMemoryKills kills = new(New, _flight);

        Assert.False(kills.Contains(new ContainerId("c0000")));
        Assert.True(kills.Contains(new ContainerId("c0001")));
        Assert.True(kills.Contains(new ContainerId("c1024")));
    }

    [Fact]
    public void Contains_LogThatCannotBeRead_IsToldOnce()
    {
        OutOfMemoryKills kills = new(() => throw new IOException("open /dev/kmsg: refused"), _flight);

        Assert.False(kills.Contains(new ContainerId("c1")));
        Assert.False(kills.Contains(new ContainerId("c1")));

        FlightEntry told = Assert.Single(_flight.Read());
        Assert.Equal(
            (FlightEntryKind.Failed, "open /dev/kmsg: refused: only the runtime tells who was out of memory"),
            (told.Kind, told.What));
    }

    private List<string> New()
    {
        List<string> records = [.. _log];
        _log.Clear();
        return records;
    }

    private static string Summary(string cgroup) =>
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kubepods,"
            + $"task_memcg={cgroup},task=testimage,pid=5,uid=0";
}
