using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Tests.Pods;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Probes;

/// <summary>Probes as the pod's status, its containers and its events show them, under virtual time.</summary>
public sealed class ProbeManagerTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readiness_UntilItSucceeds_ThePodIsNotReady()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Prober.Say(ProbeVerdict.Failure, "not yet");

        await kubelet.DesireAsync(APod().With(container => container.ReadinessProbe = AProbe()));
        Assert.Equal((true, false, "False"), Shown(kubelet));
        kubelet.Prober.Say(ProbeVerdict.Success);
        await kubelet.AdvanceAsync(Period);

        Assert.Equal((true, true, "True"), Shown(kubelet));
        Assert.Contains("Unhealthy Readiness probe failed: not yet", EventsOf(kubelet));
    }

    [Fact]
    public async Task Readiness_OfANewContainer_IsAskedAtOnceOrAfterItsDelay()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();

        await kubelet.DesireAsync(
            APod("a", "a").With(container => container.ReadinessProbe = AProbe()),
            APod("b", "b").With(container => container.ReadinessProbe = AProbe(probe => probe.InitialDelaySeconds = 3)));
        Assert.Single(kubelet.Prober.Calls);
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(3));

        Assert.Equal(2, kubelet.Prober.Calls.Length);
        Assert.All(kubelet.Statuses.Reports.Values, report => Assert.True(report.Status.ContainerStatuses[0].Ready));
    }

    [Fact]
    public async Task Readiness_FailsAfterSuccess_FlipsAtItsThreshold()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.ReadinessProbe = AProbe(probe => probe.FailureThreshold = 2)));

        kubelet.Prober.Say(ProbeVerdict.Failure);
        await kubelet.AdvanceAsync(Period);
        Assert.Equal((true, true, "True"), Shown(kubelet));
        await kubelet.AdvanceAsync(Period);

        Assert.Equal((true, false, "False"), Shown(kubelet));
        Assert.Equal(0u, kubelet.Alive().Single().Attempt);
    }

    [Fact]
    public async Task Liveness_FailsToItsThreshold_RestartsTheContainerAndSaysWhy()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.LivenessProbe = AProbe()));
        kubelet.Prober.Say(ProbeVerdict.Failure, "dead");

        await kubelet.AdvanceAsync(Period);
        await kubelet.AdvanceAsync(Period);
        Assert.Equal(0u, kubelet.Alive().Single().Attempt);
        await kubelet.AdvanceAsync(Period);

        Assert.Equal(1u, kubelet.Alive().Single().Attempt);
        Assert.Equal(3, kubelet.Prober.Calls.Length);
        Assert.Contains("Unhealthy Liveness probe failed: dead", EventsOf(kubelet));
        Assert.Contains("Killing Container app failed liveness probe, will be restarted", EventsOf(kubelet));
    }

    [Fact]
    public async Task Liveness_FailsAgainAndAgain_WaitsOnceItLivesShorterThanTheBackoff()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.LivenessProbe = AProbe(probe =>
        {
            probe.PeriodSeconds = 4;
            probe.FailureThreshold = 1;
        })));
        kubelet.Prober.Say(ProbeVerdict.Failure);

        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(4));
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(4));
        Assert.Equal(2u, kubelet.Alive().Single().Attempt);
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(4));
        Assert.Empty(kubelet.Alive());
        Assert.Equal("CrashLoopBackOff", StatusOf(kubelet).State.Waiting.Reason);
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(3u, kubelet.Alive().Single().Attempt);
    }

    [Fact]
    public async Task Liveness_FailsUnderPolicyNever_EndsThePod()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod(policy: "Never").With(
            container => container.LivenessProbe = AProbe(probe => probe.FailureThreshold = 1)));
        kubelet.Prober.Say(ProbeVerdict.Failure);

        await kubelet.AdvanceAsync(Period);

        Assert.Empty(kubelet.Alive());
        Assert.Equal("Failed", kubelet.Statuses.Reports[new PodUid("u1")].Status.Phase);
        Assert.Contains("Killing Container app failed liveness probe", EventsOf(kubelet));
    }

    [Fact]
    public async Task Startup_UntilItSucceeds_TheOtherProbesWait()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container =>
        {
            container.StartupProbe = AProbe();
            container.ReadinessProbe = AProbe();
            container.LivenessProbe = AProbe();
        }));
        kubelet.Prober.Say(ProbeVerdict.Failure);
        await kubelet.AdvanceAsync(Period);
        Assert.Equal(["app Startup"], kubelet.Prober.Calls);
        Assert.Equal((false, false, "False"), Shown(kubelet));

        kubelet.Prober.Say(ProbeVerdict.Success);
        await kubelet.AdvanceAsync(Period);
        Assert.Equal(["app Startup", "app Startup", "app Readiness"], kubelet.Prober.Calls);
        Assert.Equal((true, true, "True"), Shown(kubelet));
        await kubelet.AdvanceAsync(Period);

        Assert.Equal(["app Liveness", "app Readiness"], kubelet.Prober.Calls[3..].Order());
    }

    [Fact]
    public async Task Startup_FailsToItsThreshold_RestartsTheContainer()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.StartupProbe = AProbe(probe => probe.FailureThreshold = 2)));
        kubelet.Prober.Say(ProbeVerdict.Failure);

        await kubelet.AdvanceAsync(Period);
        await kubelet.AdvanceAsync(Period);

        Assert.Equal(1u, kubelet.Alive().Single().Attempt);
        Assert.Contains("Killing Container app failed startup probe, will be restarted", EventsOf(kubelet));
    }

    [Fact]
    public async Task Restart_OfAContainer_BeginsAnew()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container =>
        {
            container.StartupProbe = AProbe();
            container.ReadinessProbe = AProbe();
        }));
        await kubelet.AdvanceAsync(Period);
        Assert.Equal((true, true, "True"), Shown(kubelet));

        await kubelet.ExitAsync("app", 1);
        Assert.Equal((false, false, "False"), Shown(kubelet));
        await kubelet.AdvanceAsync(Period);

        Assert.Equal((true, true, "True"), Shown(kubelet));
    }

    [Fact]
    public async Task Error_OfTheProbeItself_IsTriedThreeTimesAndChangesNothing()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.LivenessProbe = AProbe(probe => probe.FailureThreshold = 1)));
        kubelet.Prober.Say(ProbeVerdict.Error, "cannot ask");

        await kubelet.AdvanceAsync(Period);

        Assert.Equal(3, kubelet.Prober.Calls.Length);
        Assert.Equal(0u, kubelet.Alive().Single().Attempt);
        Assert.Equal(
            ["Unhealthy Liveness probe errored and resulted in unknown state: cannot ask"],
            EventsOf(kubelet).Where(text => text.StartsWith("Unhealthy", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Exception_InAProbe_CostsOneTurnAlone()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Prober.Answer = (_, _, _) => throw new InvalidOperationException("our mistake");
        await kubelet.DesireAsync(APod().With(container => container.ReadinessProbe = AProbe()));

        kubelet.Prober.Say(ProbeVerdict.Success);
        await kubelet.AdvanceAsync(Period);

        Assert.Equal((true, true, "True"), Shown(kubelet));
    }

    [Fact]
    public async Task Warning_IsASuccessWithAnEvent()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Prober.Say(ProbeVerdict.Warning, "sent away");

        await kubelet.DesireAsync(APod().With(container => container.ReadinessProbe = AProbe()));

        Assert.Equal((true, true, "True"), Shown(kubelet));
        Assert.Contains("ProbeWarning Readiness probe warning: sent away", EventsOf(kubelet));
    }

    [Fact]
    public async Task Results_ThatStayTheSame_AreNoReasonToLookAtThePod()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.ReadinessProbe = AProbe()));
        int calls = kubelet.Runtime.Calls.Length;

        await kubelet.AdvanceAsync(Period);
        await kubelet.AdvanceAsync(Period);

        Assert.Equal(3, kubelet.Prober.Calls.Length);
        Assert.Equal(calls, kubelet.Runtime.Calls.Length);
    }

    [Fact]
    public async Task Remove_WhileAProbeHangs_BreaksItOffAndLeavesNoSeries()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.ReadinessProbe = AProbe()));
        Assert.Contains("pod_uid=\"u1\"", await kubelet.Registry.ReadTextAsync(), StringComparison.Ordinal);
        TaskCompletionSource asked = new();
        kubelet.Prober.Answer = async (_, _, cancellationToken) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, kubelet.Clock, cancellationToken);
            return default;
        };

        kubelet.Clock.Advance(Period);
        await asked.Task.WaitAsync(Token);
        await kubelet.DesireAsync();

        Assert.Empty(kubelet.Runtime.Sandboxes);
        Assert.DoesNotContain("pod_uid=\"u1\"", await kubelet.Registry.ReadTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_WhileContainersStop_KillsNoneForItsLiveness()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.LivenessProbe = AProbe(probe => probe.FailureThreshold = 1)));
        kubelet.Prober.Say(ProbeVerdict.Failure);
        TaskCompletionSource stopping = new();
        TaskCompletionSource goOn = new();
        kubelet.Runtime.OnCall = async (operation, _, _) =>
        {
            if (operation == "stop_container")
            {
                stopping.SetResult();
                await goOn.Task;
            }
        };

        kubelet.Wish();
        await stopping.Task.WaitAsync(Token);
        kubelet.Clock.Advance(Period);
        goOn.SetResult();
        await kubelet.SettleAsync();

        Assert.Empty(kubelet.Prober.Calls);
    }

    [Fact]
    public async Task Metrics_OfProbes_CountByResult()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.ReadinessProbe = AProbe()));
        kubelet.Prober.Say(ProbeVerdict.Failure);
        await kubelet.AdvanceAsync(Period);

        string metrics = await kubelet.Registry.ReadTextAsync();

        foreach (string result in new[] { "successful", "failed" })
        {
            Assert.Contains(
                $"prober_probe_total{{probe_type=\"Readiness\",result=\"{result}\",container=\"app\",pod=\"web\","
                + "namespace=\"default\",pod_uid=\"u1\"} 1",
                metrics, StringComparison.Ordinal);
        }

        Assert.Contains(
            "prober_probe_duration_seconds_count{probe_type=\"Readiness\",container=\"app\",pod=\"web\",namespace=\"default\"} 1",
            metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GracePeriod_OfALivenessFailure_IsTheProbesOwn()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod().With(container => container.LivenessProbe = AProbe(probe =>
        {
            probe.FailureThreshold = 1;
            probe.TerminationGracePeriodSeconds = 7;
        })));
        kubelet.Prober.Say(ProbeVerdict.Failure);

        await kubelet.AdvanceAsync(Period);

        Assert.Equal([TimeSpan.FromSeconds(7)], kubelet.Runtime.GracePeriods);
    }

    internal static V1Probe AProbe(Action<V1Probe>? change = null)
    {
        V1Probe probe = new()
        {
            TcpSocket = new V1TCPSocketAction { Port = "80" },
            PeriodSeconds = 10,
            TimeoutSeconds = 1,
            SuccessThreshold = 1,
            FailureThreshold = 3,
        };
        change?.Invoke(probe);
        return probe;
    }

    private static V1ContainerStatus StatusOf(KubeletHarness kubelet) =>
        kubelet.Statuses.Reports[new PodUid("u1")].Status.ContainerStatuses[0];

    private static (bool? Started, bool Ready, string PodReady) Shown(KubeletHarness kubelet) => (
        StatusOf(kubelet).Started,
        StatusOf(kubelet).Ready,
        kubelet.Statuses.Reports[new PodUid("u1")].Status.Conditions.Single(condition => condition.Type == "Ready").Status);

    private static IEnumerable<string> EventsOf(KubeletHarness kubelet) =>
        kubelet.Events.Read().Select(nodeEvent => $"{nodeEvent.Reason} {nodeEvent.Message}");
}
