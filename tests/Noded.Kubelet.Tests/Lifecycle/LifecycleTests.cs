using System.Globalization;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Pods;
using Noded.Kubelet.Tests.Probes;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Lifecycle;

/// <summary>Hooks and the stop of containers over the fake runtime, under virtual time.</summary>
public sealed class LifecycleTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PostStart_RunsAfterItsContainerAndBeforeTheNext()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();

        await kubelet.DesireAsync(APod(containers: ["app", "side"]).With(container =>
            container.Lifecycle = new V1Lifecycle { PostStart = Exec("prepare") }));

        Assert.Equal(
            ["start_container app", "exec_sync app", "create_container side"],
            kubelet.Runtime.Writes.SkipWhile(call => call != "start_container app").Take(3));
        Assert.All(
            kubelet.Statuses.Reports[new PodUid("u1")].Status.ContainerStatuses, status => Assert.NotNull(status.State.Running));
    }

    [Fact]
    public async Task PostStart_Fails_TheContainerIsEndedAndRestartedWithBackoff()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Runtime.OnExec = (_, _) => new ExecResult(3, "secret"u8.ToArray(), default);

        await kubelet.DesireAsync(APod().With(container =>
            container.Lifecycle = new V1Lifecycle { PostStart = Exec("prepare") }));

        Assert.Empty(kubelet.Alive());
        Assert.Equal(2, kubelet.Runtime.Writes.Count(call => call == "exec_sync app"));
        Assert.Contains("FailedPostStartHook PostStartHook failed", EventsOf(kubelet));
        Assert.Contains("Killing FailedPostStartHook", EventsOf(kubelet));
        Assert.DoesNotContain(EventsOf(kubelet), text => text.Contains("secret", StringComparison.Ordinal));
        kubelet.Runtime.OnExec = (_, _) => new ExecResult(0, default, default);
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(2u, kubelet.Alive().Single().Attempt);
    }

    [Fact]
    public async Task PostStart_FailsUnderPolicyNever_EndsThePod()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Runtime.OnExec = (_, _) => new ExecResult(3, default, default);

        await kubelet.DesireAsync(APod(policy: "Never").With(container =>
            container.Lifecycle = new V1Lifecycle { PostStart = Exec("prepare") }));

        Assert.Equal("Failed", kubelet.Statuses.Reports[new PodUid("u1")].Status.Phase);
    }

    [Fact]
    public async Task PostStart_Hangs_HoldsUpItsOwnPodAlone()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod waiting = APod("u1", "waits", containers: ["slow"]).With(container =>
            container.Lifecycle = new V1Lifecycle { PostStart = Sleep(50) });
        kubelet.Wish(waiting);
        await WaitForTimerAsync(kubelet, 50);

        kubelet.Wish(waiting, APod("u2", "other"));
        while (!kubelet.Alive().Any(container => container.Name == "app"))
        {
            await kubelet.Events.WaitForChangeAsync(kubelet.Events.Read()[^1].Sequence, Token);
        }

        kubelet.Wish();
        await kubelet.SettleAsync();
        Assert.Empty(kubelet.Runtime.Sandboxes);
    }

    [Fact]
    public async Task PreStop_RunsBeforeTheStop()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(WithPreStop(Exec("drain"), grace: 20));

        await kubelet.DesireAsync();

        Assert.Equal(
            ["exec_sync app", "stop_container app"], kubelet.Runtime.Writes.SkipWhile(call => call != "exec_sync app").Take(2));
        Assert.Equal([TimeSpan.FromSeconds(20)], kubelet.Runtime.GracePeriods);
        Assert.Contains("Killing Stopping container app", EventsOf(kubelet));
    }

    [Theory]
    [InlineData(20, 15, 5)]
    [InlineData(20, 19, 2)]
    [InlineData(20, 20, 2)]
    public async Task PreStop_TakesItsTime_OutOfTheGracePeriod(int grace, int sleep, int left)
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(WithPreStop(Sleep(sleep), grace));

        kubelet.Wish();
        await WaitForTimerAsync(kubelet, sleep);
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(sleep));

        Assert.Equal([TimeSpan.FromSeconds(left)], kubelet.Runtime.GracePeriods);
        Assert.Empty(kubelet.Runtime.Sandboxes);
    }

    [Fact]
    public async Task PreStop_SleepsLongerThanTheGracePeriod_IsBrokenOffAndCounted()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(WithPreStop(Sleep(30), grace: 5));

        kubelet.Wish();
        await WaitForTimerAsync(kubelet, 5);
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(5));

        Assert.Empty(kubelet.Runtime.Sandboxes);
        Assert.Contains("kubelet_sleep_action_terminated_early_total 1\n", await kubelet.Registry.ReadTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PreStop_SleepsForNothing_CostsNothing()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(WithPreStop(Sleep(0), grace: 9));

        await kubelet.DesireAsync();

        Assert.Equal([TimeSpan.FromSeconds(9)], kubelet.Runtime.GracePeriods);
    }

    [Fact]
    public async Task PreStop_NeverEnds_IsBrokenOffWithTheGracePeriod()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(WithPreStop(Exec("drain"), grace: 20));
        TaskCompletionSource asked = Hang(kubelet, "exec_sync");

        kubelet.Wish();
        await asked.Task.WaitAsync(Token);
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(20));

        Assert.Equal([TimeSpan.FromSeconds(2)], kubelet.Runtime.GracePeriods);
        Assert.DoesNotContain(EventsOf(kubelet), text => text.StartsWith("FailedPreStopHook", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PreStop_Fails_TheContainerIsStoppedAllTheSame()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(WithPreStop(Exec("drain"), grace: 20));
        kubelet.Runtime.OnExec = (_, _) => new ExecResult(1, default, default);

        await kubelet.DesireAsync();

        Assert.Empty(kubelet.Runtime.Sandboxes);
        Assert.Contains("FailedPreStopHook PreStopHook failed", EventsOf(kubelet));
    }

    [Fact]
    public async Task Liveness_Fails_RunsPreStopWithinTheProbesGracePeriod()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(WithPreStop(Exec("drain"), grace: 20).With(container =>
            container.LivenessProbe = ProbeManagerTests.AProbe(probe =>
            {
                probe.FailureThreshold = 1;
                probe.TerminationGracePeriodSeconds = 7;
            })));
        kubelet.Prober.Say(ProbeVerdict.Failure);

        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([TimeSpan.FromSeconds(7)], kubelet.Runtime.GracePeriods);
        Assert.Single(kubelet.Runtime.Writes, call => call == "exec_sync app");
        Assert.Equal(1u, kubelet.Alive().Single().Attempt);
    }

    [Fact]
    public async Task GracePeriod_ShrinksWhileAStopRuns_CutsItShortAndRepeatsNoHook()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(WithPreStop(Exec("drain"), grace: 20));
        TaskCompletionSource stopping = Hang(kubelet, "stop_container");
        kubelet.Wish();
        await stopping.Task.WaitAsync(Token);
        kubelet.Runtime.OnCall = null;

        kubelet.Workers.Delete(new PodUid("u1"), TimeSpan.FromSeconds(5));
        await kubelet.SettleAsync();

        Assert.Equal([TimeSpan.FromSeconds(5)], kubelet.Runtime.GracePeriods);
        Assert.Single(kubelet.Runtime.Writes, call => call == "exec_sync app");
        Assert.Empty(kubelet.Runtime.Sandboxes);
    }

    [Fact]
    public void GracePeriod_OverAllWishes_NeverGrows()
    {
        ShrinkingGrace grace = new();

        grace.Shrink(null);
        (TimeSpan first, CancellationToken shrunkOnce) = grace.Take(TimeSpan.FromSeconds(30));
        grace.Shrink(TimeSpan.FromSeconds(60));
        Assert.False(shrunkOnce.IsCancellationRequested);
        grace.Shrink(TimeSpan.FromSeconds(10));
        Assert.True(shrunkOnce.IsCancellationRequested);
        (TimeSpan second, CancellationToken shrunkTwice) = grace.Take(TimeSpan.FromSeconds(30));
        grace.Shrink(TimeSpan.FromSeconds(20));

        Assert.Equal((30, 10, false), (first.TotalSeconds, second.TotalSeconds, shrunkTwice.IsCancellationRequested));
    }

    [Fact]
    public async Task Http_Hook_AsksAndTakesAnyAnswer()
    {
        string head = string.Empty;
        await using ProbeServer server = new(given =>
        {
            head = given;
            return "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
        });
        await using KubeletHarness kubelet = new KubeletHarness().Start();

        await kubelet.DesireAsync(APod().With(container =>
            container.Lifecycle = new V1Lifecycle { PostStart = Http(server.Port, "HTTP") }));

        Assert.StartsWith("GET /hook HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("User-Agent: kube-lifecycle/1.36\r\n", head, StringComparison.Ordinal);
        Assert.Single(kubelet.Alive());
    }

    [Fact]
    public async Task Http_HookForTlsWhereThereIsNone_FallsBackWithoutItsAuthorization()
    {
        string head = string.Empty;
        await using ProbeServer server = new(
            given =>
            {
                head = given;
                return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            },
            isHasty: true);
        await using KubeletHarness kubelet = new KubeletHarness().Start();

        await kubelet.DesireAsync(APod().With(container =>
            container.Lifecycle = new V1Lifecycle { PostStart = Http(server.Port, "HTTPS") }));

        Assert.StartsWith("GET /hook HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", head, StringComparison.Ordinal);
        Assert.Contains(EventsOf(kubelet), text => text.StartsWith("LifecycleHTTPFallback ", StringComparison.Ordinal));
        Assert.Single(kubelet.Alive());
    }

    [Theory]
    [InlineData(null, "RuntimeDefault")]
    [InlineData("SIGUSR1", "Sigusr1")]
    [InlineData("SIGRTMIN+1", "Sigrtminplus1")]
    [InlineData("SIGRTMAX-14", "Sigrtmaxminus14")]
    public void StopSignal_OfTheSpec_IsCris(string? name, string expected) =>
        Assert.Equal(expected, RuntimeService.ToSignal(name).ToString());

    private static V1LifecycleHandler Exec(params string[] command) => new() { Exec = new V1ExecAction { Command = command } };

    private static V1LifecycleHandler Sleep(int seconds) => new() { Sleep = new V1SleepAction { Seconds = seconds } };

    private static V1LifecycleHandler Http(int port, string scheme) => new()
    {
        HttpGet = new V1HTTPGetAction
        {
            Path = "/hook",
            Port = port.ToString(CultureInfo.InvariantCulture),
            Scheme = scheme,
            HttpHeaders = [new V1HTTPHeader { Name = "Authorization", Value = "secret" }],
        },
    };

    private static Pod WithPreStop(V1LifecycleHandler hook, int grace)
    {
        Pod pod = APod().With(container => container.Lifecycle = new V1Lifecycle { PreStop = hook });
        pod.Spec.TerminationGracePeriodSeconds = grace;
        return pod;
    }

    /// <summary>Calls of this kind wait for their token from here on.</summary>
    private static TaskCompletionSource Hang(KubeletHarness kubelet, string operation)
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        kubelet.Runtime.OnCall = async (called, _, cancellationToken) =>
        {
            if (called == operation)
            {
                asked.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }
        };
        return asked;
    }

    private static async Task WaitForTimerAsync(KubeletHarness kubelet, int seconds)
    {
        while (await kubelet.Clock.WaitForTimerAsync(Token) != TimeSpan.FromSeconds(seconds))
        {
        }
    }

    private static IEnumerable<string> EventsOf(KubeletHarness kubelet) =>
        kubelet.Events.Read().Select(nodeEvent => $"{nodeEvent.Reason} {nodeEvent.Message}");
}
