using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class PodWorkerPhasesTests
{
    [Fact]
    public void Next_EveryPair_StaysOrMovesOnByOne() => Assert.All(
        from phase in Enum.GetValues<PodWorkerPhase>()
        from signal in Enum.GetValues<PodSignal>()
        select PodWorkerPhases.Next(phase, signal) - phase,
        step => Assert.InRange(step, 0, 1));

    [Fact]
    public void Next_AllSignalsInOrder_ReachesTheEnd() => Assert.Equal(
        PodWorkerPhase.Finished, Enum.GetValues<PodSignal>().Aggregate(PodWorkerPhase.Syncing, PodWorkerPhases.Next));
}
