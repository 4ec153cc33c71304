using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Pleg;

public sealed class RuntimeSnapshotTests
{
    [Theory]
    [InlineData(null, ContainerState.Created, "PodSync")]
    [InlineData(null, ContainerState.Running, "ContainerStarted")]
    [InlineData(null, ContainerState.Exited, "ContainerDied")]
    [InlineData(ContainerState.Created, ContainerState.Created, "")]
    [InlineData(ContainerState.Created, ContainerState.Running, "ContainerStarted")]
    [InlineData(ContainerState.Created, ContainerState.Exited, "ContainerDied")]
    [InlineData(ContainerState.Created, null, "ContainerRemoved")]
    [InlineData(ContainerState.Running, ContainerState.Running, "")]
    [InlineData(ContainerState.Running, ContainerState.Exited, "ContainerDied")]
    [InlineData(ContainerState.Running, ContainerState.Unknown, "PodSync")]
    [InlineData(ContainerState.Running, null, "ContainerDied,ContainerRemoved")]
    [InlineData(ContainerState.Unknown, ContainerState.Exited, "ContainerDied")]
    [InlineData(ContainerState.Exited, ContainerState.Exited, "")]
    [InlineData(ContainerState.Exited, null, "ContainerRemoved")]
    public void ChangesSince_OneContainer_IsWhatAWatcherWouldHaveSeen(
        ContainerState? before, ContainerState? after, string expected)
    {
        IEnumerable<PodLifecycleEventType> changes =
            Snapshot(after).ChangesSince(Snapshot(before)).Select(change => change.Type);

        Assert.Equal(expected, string.Join(',', changes));
    }

    [Fact]
    public void ChangesSince_SandboxStopsBeingReady_IsADeathWithTheName()
    {
        RuntimeSnapshot before = new([ASandbox(true)], []);
        RuntimeSnapshot after = new([ASandbox(false)], []);

        PodLifecycleEvent change = Assert.Single(after.ChangesSince(before));

        Assert.Equal(PodLifecycleEventType.ContainerDied, change.Type);
        Assert.Equal(new NamespacedName("default", "web"), change.PodName);
    }

    private static RuntimeSnapshot Snapshot(ContainerState? state) => state is { } container
        ? new RuntimeSnapshot(
            [], [new Container(new ContainerId("c"), new PodSandboxId("s"), new PodUid("u"), "app", 0, container)])
        : RuntimeSnapshot.Empty;

    private static PodSandbox ASandbox(bool isReady) => new(
        new PodSandboxId("s"), new PodUid("u"), new NamespacedName("default", "web"), 0, isReady,
        DateTimeOffset.UnixEpoch);
}
