using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>A call that is never answered: its pod says so, and the others do not notice.</summary>
public sealed class StalledPodTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Call_ThatIsNotAnswered_IsAConditionOfItsPodUntilItIs()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        (TaskCompletionSource asked, TaskCompletionSource answer) = (new(), new());
        kubelet.Runtime.OnCall = async (operation, target, token) =>
        {
            if ((operation, target) == ("run_podsandbox", "web"))
            {
                // What the client of the real runtime notes.
                using IDisposable? ongoing = OngoingCall.Begin("run_podsandbox default/web", TimeSpan.Zero);
                asked.TrySetResult();
                await answer.Task.WaitAsync(token);
            }
        };
        kubelet.Wish(APod(), APod("u2", "other"));
        await asked.Task.WaitAsync(Token);

        kubelet.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Null(Condition(kubelet));
        kubelet.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("run_podsandbox default/web: no answer", Condition(kubelet)?.Message);
        answer.SetResult();
        await kubelet.SettleAsync();
        Assert.Null(Condition(kubelet));
        Assert.Equal(2, kubelet.Alive().Length);
    }

    [Fact]
    public async Task Call_ThatMayTakeLong_IsOverdueOnlyAfterThat()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        OngoingCall call = new(kubelet.Clock);
        await Task.Run(
            () =>
            {
                call.Enter();
                using (OngoingCall.Begin("stop", TimeSpan.FromMinutes(1)))
                {
                    kubelet.Clock.Advance(TimeSpan.FromSeconds(89));
                    Assert.Null(call.Overdue());
                    using (OngoingCall.Begin("ask", TimeSpan.Zero))
                    {
                        kubelet.Clock.Advance(TimeSpan.FromSeconds(30));
                        Assert.Equal("ask", call.Overdue());
                    }

                    Assert.Equal("stop", call.Overdue());
                }

                Assert.Null(call.Overdue());
            },
            Token);

        Assert.Null(OngoingCall.Begin("of nobody", TimeSpan.Zero));
    }

    private static V1PodCondition? Condition(KubeletHarness kubelet) =>
        kubelet.Statuses.Reports.TryGetValue(new PodUid("u1"), out Kubelet.Status.PodReport? report)
            ? report.Status.Conditions.FirstOrDefault(condition => condition.Type == "PodRuntimeStalled")
            : null;
}
