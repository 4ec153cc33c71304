using Grpc.Core;
using k8s.Models;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Fakes;
using Noded.Primitives;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>Pods of which a step fails every time: they say so, and do not hurry because of it.</summary>
public sealed class PodFailureTests
{
    [Theory]
    [InlineData("list_status", "IfNotPresent", "ContainerCreating", null)]
    [InlineData("run_podsandbox", "IfNotPresent", "ContainerCreating", "FailedCreatePodSandBox: Failed to create pod sandbox: scripted")]
    [InlineData("create_container", "IfNotPresent", "CreateContainerError", "Failed: Error: scripted")]
    [InlineData("start_container", "IfNotPresent", "RunContainerError", "Failed: Error: scripted")]
    [InlineData("list_image", "IfNotPresent", "ImageInspectError", "InspectFailed: Failed to inspect image \"image\": scripted")]
    [InlineData("pull_image", "Always", "ErrImagePull", "Failed: Failed to pull image \"image\": scripted")]
    public async Task Step_FailsEveryTime_ShowsAsPendingWithItsReason(
        string operation, string policy, string reason, string? expectedEvent)
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Runtime.OnCall = (called, _, _) => called == operation ? throw Refusal(called) : Task.CompletedTask;
        Pod pod = APod();
        pod.Spec.Containers[0].ImagePullPolicy = policy;

        await kubelet.DesireAsync(pod);

        V1PodStatus status = kubelet.Statuses.Reports[pod.Uid].Status;
        Assert.Equal("Pending", status.Phase);
        Assert.Equal(reason, status.ContainerStatuses[0].State.Waiting.Reason);
        Assert.Equal("False", status.Conditions.Single(condition => condition.Type == "Ready").Status);
        if (expectedEvent is not null)
        {
            Assert.Contains(kubelet.Events.Read(), nodeEvent => $"{nodeEvent.Reason}: {nodeEvent.Message}" == expectedEvent);
        }
    }

    [Fact]
    public async Task Image_OnePullTooMany_FailsAndIsTriedAgain()
    {
        await using KubeletHarness kubelet = new KubeletHarness(pullRate: clock => new TokenBucket(1, 1, clock)).Start();

        await kubelet.DesireAsync(APod("u1", "one", image: "one"), APod("u2", "two", image: "two"));

        Assert.Single(kubelet.Alive());
        Assert.Single(kubelet.Events.Read(), happened =>
            happened.Reason == "Failed" && happened.Message.EndsWith(": pull QPS exceeded", StringComparison.Ordinal));
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(1));
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(2, kubelet.Alive().Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Groups_OfThePodAlone_NeedARuntimeThatCanLeaveOutTheImages(bool isSupported)
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Runtime.SupportsSupplementalGroupsPolicy = isSupported;
        Pod pod = APod();
        pod.Spec.SecurityContext = new V1PodSecurityContext { SupplementalGroupsPolicy = "Strict" };

        await kubelet.DesireAsync(pod);

        V1PodStatus status = kubelet.Statuses.Reports[pod.Uid].Status;
        Assert.Equal(
            isSupported
                ? ("Running", null, null)
                : ("Failed", "SupplementalGroupsPolicyNotSupported",
                    "Pod was rejected: SupplementalGroupsPolicy=Strict is not supported in this node"),
            (status.Phase, status.Reason, status.Message));
        Assert.Equal(isSupported ? 1 : 0, kubelet.Alive().Length);
    }

    [Fact]
    public async Task Image_MissingAndNeverPulled_ShowsItsReason()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod pod = APod(image: "elsewhere");
        pod.Spec.Containers[0].ImagePullPolicy = "Never";

        await kubelet.DesireAsync(pod);

        V1PodStatus status = kubelet.Statuses.Reports[pod.Uid].Status;
        Assert.Equal(("Pending", "ErrImageNeverPull"), (status.Phase, status.ContainerStatuses[0].State.Waiting.Reason));
        Assert.Equal(["ErrImageNeverPull", "Failed"], kubelet.Events.Read().Select(happened => happened.Reason));
    }

    [Fact]
    public async Task Image_NameThatIsNone_IsNotPulled()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod pod = APod(image: "No:Good:Name");

        await kubelet.DesireAsync(pod);

        Assert.Equal("InvalidImageName", kubelet.Statuses.Reports[pod.Uid].Status.ContainerStatuses[0].State.Waiting.Reason);
        Assert.Equal(
            [
                "InspectFailed: Failed to apply default image tag \"No:Good:Name\": couldn't parse image name \"No:Good:Name\": invalid reference format",
                "Failed: Error: InvalidImageName",
            ],
            kubelet.Events.Read().Select(happened => $"{happened.Reason}: {happened.Message}"));
        Assert.DoesNotContain(kubelet.Runtime.Calls, call => call.Contains("pull_image", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sandbox_FailsForAPodWithInitContainers_ShowsPodInitializing()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Runtime.OnCall = (called, _, _) => called == "run_podsandbox" ? throw Refusal(called) : Task.CompletedTask;

        await kubelet.DesireAsync(APod(inits: ["prepare"]));

        V1PodStatus status = kubelet.Statuses.Reports[new PodUid("u1")].Status;
        Assert.Equal("PodInitializing", status.InitContainerStatuses[0].State.Waiting.Reason);
        Assert.Equal("PodInitializing", status.ContainerStatuses[0].State.Waiting.Reason);
    }

    [Fact]
    public async Task Step_FailsAfterThePodRan_KeepsShowingWhatRuns()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());
        kubelet.Runtime.OnCall = (called, _, _) => called == "list_status" ? throw Refusal(called) : Task.CompletedTask;

        kubelet.Inbox.Post(new SyncEvent.RuntimeReady());
        await kubelet.SettleAsync();

        Assert.Equal("Running", kubelet.Statuses.Reports[new PodUid("u1")].Status.Phase);
    }

    [Fact]
    public async Task Sandbox_ThatFailsAndMakesEvents_IsTriedAgainOnlyAfterItsBackoff()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Runtime.OnCall = (called, _, _) =>
        {
            // Bounded, so that a worker in a hurry makes the test fail rather than last for ever.
            if (called != "run_podsandbox" || Attempts(kubelet) > 100)
            {
                return Task.CompletedTask;
            }

            // What is left of an attempt comes and goes in the runtime's lists.
            kubelet.Inbox.Post(new SyncEvent.Lifecycle(new PodLifecycleEvent(
                new PodUid("u1"), null, PodLifecycleEventType.ContainerDied, new ContainerId("attempt"))));
            throw Refusal(called);
        };

        await kubelet.DesireAsync(APod());
        List<int> attempts = [Attempts(kubelet)];
        foreach (int seconds in (int[])[1, 2, 4, 8, 10, 10])
        {
            await kubelet.AdvanceAsync(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            attempts.Add(Attempts(kubelet));
            await kubelet.AdvanceAsync(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal([1, 1, 2, 3, 4, 5, 6], attempts);
    }

    [Fact]
    public async Task Step_ThatFails_IsTriedAtOnceWhenTheRuntimeIsBackOrTheWishChanges()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Runtime.OnCall = (called, _, _) => called == "run_podsandbox" ? throw Refusal(called) : Task.CompletedTask;
        await kubelet.DesireAsync(APod());

        kubelet.Inbox.Post(new SyncEvent.RuntimeReady());
        await kubelet.SettleAsync();
        Assert.Equal(2, Attempts(kubelet));
        await kubelet.DesireAsync(APod(image: "other"));
        Assert.Equal(3, Attempts(kubelet));
        await kubelet.DesireAsync();

        Assert.Equal(0, kubelet.Workers.Count);
    }

    [Fact]
    public async Task Sandbox_ThatDiesAtOnce_IsReplacedWithBackoff()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        FakeRuntimeService runtime = kubelet.Runtime;
        runtime.OnDone = (called, _) =>
        {
            if (called == "run_podsandbox" && Attempts(kubelet) <= 100)
            {
                runtime.LoseSandbox(runtime.Sandboxes.Single(sandbox => sandbox.IsReady).Id);
            }
        };

        await kubelet.DesireAsync(APod());
        List<int> attempts = [Attempts(kubelet)];
        foreach (int seconds in (int[])[9, 1, 19, 1, 39, 1])
        {
            await kubelet.AdvanceAsync(TimeSpan.FromSeconds(seconds));
            attempts.Add(Attempts(kubelet));
        }

        Assert.Equal([2, 2, 3, 3, 4, 4, 5], attempts);
        runtime.OnDone = null;
        await kubelet.AdvanceAsync(TimeSpan.FromMinutes(5));
        Assert.Single(kubelet.Alive());
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task Death_WhileTheTimeOfDayIsSet_WaitsAsLongAsItWould(int step)
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());
        await kubelet.ExitAsync("app", 1);
        kubelet.TimeOfDay.Step(TimeSpan.FromSeconds(step));
        await kubelet.ExitAsync("app", 1);
        kubelet.TimeOfDay.Step(TimeSpan.FromSeconds(step));

        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(9.9));
        Assert.Empty(kubelet.Alive());
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(0.1));

        Assert.Equal(2u, kubelet.Alive().Single().Attempt);
    }

    private static int Attempts(KubeletHarness kubelet) =>
        kubelet.Runtime.Writes.Count(call => call.StartsWith("run_podsandbox", StringComparison.Ordinal));

    private static RuntimeCallException Refusal(string operation) => new(operation, "fake", StatusCode.Unknown, "scripted");
}
