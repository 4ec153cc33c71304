using Grpc.Core;
using k8s.Models;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Fakes;
using Noded.Primitives;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class PodWorkerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Desire_NewPod_StartsSandboxAndContainers()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();

        await kubelet.DesireAsync(APod(containers: ["app", "side"]));

        Assert.Equal(["app", "side"], kubelet.Alive().Select(container => container.Name).Order());
        Assert.Equal("Running", kubelet.Statuses.Reports[new PodUid("u1")].Status.Phase);
    }

    [Fact]
    public async Task Metrics_OfAPodThatStartsAndEnds_HaveUpstreamsNames()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());
        await kubelet.DesireAsync();

        string metrics = await kubelet.Registry.ReadTextAsync();

        Assert.Contains("kubelet_pod_start_duration_seconds_count 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_pod_worker_start_duration_seconds_count 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_pod_worker_duration_seconds_count{operation_type=\"create\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_pod_worker_duration_seconds_count{operation_type=\"kill\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_started_pods_total 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_started_containers_total{container_type=\"container\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_pod_start_sli_duration_seconds_count 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_containers_per_pod_count_sum 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            "kubelet_image_manager_ensure_image_requests_total{pull_policy=\"ifnotpresent\",present_locally=\"true\",pull_required=\"false\"} 1\n",
            metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_OfAPodWishedAgainWhileItGoes_CountARestart()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());

        kubelet.Wish();
        await kubelet.DesireAsync(APod());

        Assert.Contains(
            "kubelet_restarted_pods_total{static=\"true\"} 1\n", await kubelet.Registry.ReadTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Working_PodsOfAllKinds_AreToldByLifecycleAndConfig()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod over = APod("over", "over");
        over.Spec.RestartPolicy = "Never";
        await RunOrphanAsync(kubelet, APod("orphan", "orphan"));
        await kubelet.DesireAsync(APod("runs", "runs"), APod("goes", "goes"), over);
        kubelet.Runtime.Exit(kubelet.Runtime.Containers.Single(container => container.Sandbox == kubelet.Runtime.Sandboxes.Single(sandbox => sandbox.Pod == over.Uid).Id).Id, 0);
        await kubelet.SettleAsync();
        TaskCompletionSource goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        SemaphoreSlim stopping = new(0);
        kubelet.Runtime.OnCall = (called, _, _) =>
        {
            if (called != "stop_podsandbox")
            {
                return Task.CompletedTask;
            }

            stopping.Release();
            return goesOn.Task;
        };

        kubelet.Inbox.Post(Found("orphan", "orphan"));
        kubelet.Wish(APod("runs", "runs"), over);
        await stopping.WaitAsync(TestContext.Current.CancellationToken);
        await stopping.WaitAsync(TestContext.Current.CancellationToken);
        (string, string)[] working = [.. kubelet.Workers.Working.Order()];
        int active = kubelet.Workers.ActiveCount;
        goesOn.SetResult();
        await kubelet.SettleAsync();

        Assert.Equal(
            [("sync", "desired"), ("terminated", "desired"), ("terminating", "orphan"), ("terminating", "runtime_only")], working);
        Assert.Equal(2, active);
        Assert.Contains("kubelet_orphaned_runtime_pods_total 1\n", await kubelet.Registry.ReadTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sidecar_HasStarted_WhatComesAfterItStartsWithoutAnEvent()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod pod = APod(inits: ["first", "second"]);
        foreach (V1Container sidecar in pod.Spec.InitContainers)
        {
            sidecar.RestartPolicy = "Always";
        }

        await kubelet.DesireAsync(pod);

        Assert.Equal(["first", "second", "app"], kubelet.Alive().OrderBy(container => container.StartedAt).Select(container => container.Name));
    }

    [Fact]
    public async Task Status_WhileTheFirstStepTakesItsTime_IsPending()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        kubelet.Runtime.OnCall = (called, _, _) =>
        {
            if (called != "run_podsandbox")
            {
                return Task.CompletedTask;
            }

            reached.TrySetResult();
            return goesOn.Task;
        };

        Task desired = kubelet.DesireAsync(APod());
        await reached.Task.WaitAsync(Token);
        string phase = kubelet.Statuses.Reports[new PodUid("u1")].Status.Phase;
        goesOn.SetResult();
        await desired;

        Assert.Equal(("Pending", "Running"), (phase, kubelet.Statuses.Reports[new PodUid("u1")].Status.Phase));
    }

    [Fact]
    public async Task Desire_BeforeTheRuntimeAnswers_WaitsForIt()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start(runtimeReady: false);
        await kubelet.DesireAsync(APod());
        Assert.Empty(kubelet.Runtime.Calls);

        kubelet.Inbox.Post(new SyncEvent.RuntimeReady());
        await kubelet.SettleAsync();

        Assert.Single(kubelet.Alive());
    }

    [Fact]
    public async Task Desire_RunningPod_ChangesNothing()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());
        int writes = kubelet.Runtime.Writes.Length;

        await kubelet.DesireAsync(APod());

        Assert.Equal(writes, kubelet.Runtime.Writes.Length);
    }

    [Fact]
    public async Task Desire_SameUidNewImage_ReplacesTheContainer()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());

        await kubelet.DesireAsync(APod(image: "other"));

        Assert.Equal("other", kubelet.Alive().Single().Image);
    }

    [Fact]
    public async Task Death_FirstTime_RestartsAtOnceAndThenBacksOff()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());

        await kubelet.ExitAsync("app", 1);
        Assert.Equal(1u, kubelet.Alive().Single().Attempt);
        await kubelet.ExitAsync("app", 1);
        Assert.Empty(kubelet.Alive());
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(9.9));
        Assert.Empty(kubelet.Alive());
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(0.1));

        Assert.Equal(2u, kubelet.Alive().Single().Attempt);
    }

    [Fact]
    public async Task Remove_RunningPod_LeavesNothing()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());

        await kubelet.DesireAsync();

        Assert.Empty(kubelet.Runtime.Containers);
        Assert.Empty(kubelet.Runtime.Sandboxes);
        Assert.Empty(kubelet.Statuses.Reports);
        Assert.Equal(0, kubelet.Workers.Count);
    }

    [Fact]
    public async Task Remove_WhileAnInitContainerRuns_NamesItByItsFieldPath()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod(inits: ["prepare"]));

        await kubelet.DesireAsync();

        Assert.Equal(
            "pod default/web spec.initContainers{prepare}",
            Assert.Single(kubelet.Events.Read(), nodeEvent => nodeEvent.Reason == "Killing").InvolvedObject);
    }

    [Fact]
    public async Task Remove_WhileAPullHangs_IsNotHeldUp()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        TaskCompletionSource pulling = new();
        kubelet.Runtime.OnCall = async (operation, _, token) =>
        {
            if (operation == "pull_image")
            {
                pulling.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            }
        };
        kubelet.Wish(APod(image: "elsewhere"));
        await pulling.Task.WaitAsync(Token);

        await kubelet.DesireAsync();

        Assert.Equal(0, kubelet.Workers.Count);
        Assert.Empty(kubelet.Runtime.Sandboxes);
    }

    [Fact]
    public async Task Desire_AgainWhileThePodGoes_RunsItAfterwards()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());
        (TaskCompletionSource stopping, TaskCompletionSource stopped) = (new(), new());
        kubelet.Runtime.OnCall = async (operation, _, _) =>
        {
            if (operation == "stop_container")
            {
                stopping.TrySetResult();
                await stopped.Task;
            }
        };
        kubelet.Wish();
        await stopping.Task.WaitAsync(Token);

        kubelet.Wish(APod());
        stopped.SetResult();
        await kubelet.SettleAsync();

        Assert.Equal(0u, kubelet.Alive().Single().Attempt);
        Assert.Contains(new PodUid("u1"), kubelet.Statuses.Reports);
    }

    [Fact]
    public async Task Desire_AnotherPodOfTheName_StartsOnceTheFirstIsGone()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod("u1"));

        await kubelet.DesireAsync(APod("u2"));

        Assert.Equal(new PodUid("u2"), kubelet.Runtime.Sandboxes.Single().Pod);
        string[] order = [.. kubelet.Runtime.Writes.Where(call => call.Contains("podsandbox", StringComparison.Ordinal))];
        Assert.Equal(
            ["run_podsandbox web", "stop_podsandbox sandbox1", "remove_podsandbox sandbox1", "run_podsandbox web"], order);
    }

    [Fact]
    public async Task Desire_NameChangesTwiceDuringRemoval_OnlyTheLastRuns()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod("u1"));

        kubelet.Wish(APod("u2"));
        kubelet.Wish(APod("u3"));
        await kubelet.SettleAsync();

        Assert.Equal(new PodUid("u3"), kubelet.Runtime.Sandboxes.Single().Pod);
    }

    [Fact]
    public async Task Call_ThatHangs_HoldsUpItsOwnPodOnly()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        TaskCompletionSource release = new();
        TaskCompletionSource started = new();
        kubelet.Runtime.OnCall = (operation, target, _) =>
            operation == "run_podsandbox" && target == "slow" ? release.Task : Task.CompletedTask;
        kubelet.Runtime.OnDone = (operation, target) =>
        {
            if (operation == "start_container" && target == "quick")
            {
                started.SetResult();
            }
        };

        kubelet.Wish(APod("u1", "slow"), APod("u2", "web", containers: ["quick"]));
        await started.Task.WaitAsync(Token);
        release.SetResult();
        await kubelet.SettleAsync();

        Assert.Equal(2, kubelet.Alive().Length);
    }

    [Fact]
    public async Task Call_ThatHangsWhereOneMayStart_HoldsUpOthersForAMomentOnly()
    {
        TimeSpan patience = TimeSpan.FromSeconds(2);
        await using KubeletHarness kubelet = new KubeletHarness(startTurns: clock => new StartTurns(1, patience, clock)).Start();
        TaskCompletionSource release = new();
        TaskCompletionSource hanging = new();
        TaskCompletionSource started = new();
        kubelet.Runtime.OnCall = (operation, target, _) =>
        {
            if (operation != "run_podsandbox" || target != "slow")
            {
                return Task.CompletedTask;
            }

            hanging.SetResult();
            return release.Task;
        };
        kubelet.Runtime.OnDone = (operation, target) =>
        {
            if (operation == "start_container" && target == "quick")
            {
                started.SetResult();
            }
        };

        kubelet.Wish(APod("u1", "slow"));
        await hanging.Task.WaitAsync(Token);
        kubelet.Wish(APod("u1", "slow"), APod("u2", "web", containers: ["quick"]));
        Assert.False(started.Task.IsCompleted);
        kubelet.Clock.Advance(patience);
        await started.Task.WaitAsync(Token);
        release.SetResult();
        await kubelet.SettleAsync();

        Assert.Equal(2, kubelet.Alive().Length);
    }

    [Theory]
    [InlineData("run_podsandbox")]
    [InlineData("create_container")]
    [InlineData("start_container")]
    [InlineData("list_status")]
    public async Task Call_ThatFailsOnce_IsMadeGoodLater(string operation)
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        int failures = 0;
        kubelet.Runtime.OnCall = (called, _, _) => called == operation && Interlocked.Increment(ref failures) == 1
            ? throw new RuntimeCallException(called, "fake", StatusCode.Unavailable, "scripted")
            : Task.CompletedTask;

        await kubelet.DesireAsync(APod());
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(10));

        Assert.Single(kubelet.Alive());
        Assert.Single(kubelet.Runtime.Containers);
        Assert.Single(kubelet.Runtime.Sandboxes);
    }

    [Theory]
    [InlineData("run_podsandbox")]
    [InlineData("create_container")]
    [InlineData("start_container")]
    public async Task Call_WhoseAnswerIsLost_LeavesNoSecondInstance(string operation)
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        int lost = 0;
        kubelet.Runtime.OnDone = (called, _) =>
        {
            if (called == operation && Interlocked.Increment(ref lost) == 1)
            {
                throw new RuntimeCallException(called, "fake", StatusCode.DeadlineExceeded, "scripted");
            }
        };

        await kubelet.DesireAsync(APod());
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(10));

        Assert.Single(kubelet.Alive());
        Assert.Single(kubelet.Runtime.Sandboxes, sandbox => sandbox.IsReady);
    }

    [Fact]
    public async Task Call_CancelledByNobody_IsAFailureLikeOthers()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        int failures = 0;
        kubelet.Runtime.OnCall = (called, _, _) => called == "run_podsandbox" && Interlocked.Increment(ref failures) == 1
            ? throw new TaskCanceledException("scripted")
            : Task.CompletedTask;

        await kubelet.DesireAsync(APod());
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(1));

        Assert.Single(kubelet.Alive());
    }

    [Fact]
    public async Task Death_DuringAFailedStep_IsNotForgotten()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());
        ContainerId first = kubelet.Runtime.Running("app");
        bool fails = true;
        kubelet.Runtime.OnCall = (called, _, _) => called == "list_status" && fails
            ? throw new RuntimeCallException(called, "fake", StatusCode.Unavailable, "scripted")
            : Task.CompletedTask;

        // The event comes, the runtime does not answer, and when it does again it is behind the event.
        kubelet.Inbox.Post(new SyncEvent.Lifecycle(new PodLifecycleEvent(
            new PodUid("u1"), null, PodLifecycleEventType.ContainerDied, first)));
        await kubelet.SettleAsync();
        fails = false;
        kubelet.Clock.Advance(TimeSpan.FromSeconds(1));
        while (await kubelet.Clock.WaitForTimerAsync(Token) != TimeSpan.FromMilliseconds(2))
        {
            // Not yet the pause after which the worker asks again.
        }

        kubelet.Runtime.Events = null;
        kubelet.Runtime.Exit(first, 1);
        kubelet.Clock.Advance(TimeSpan.FromSeconds(3));
        await kubelet.SettleAsync();

        Assert.Equal(1u, kubelet.Alive().Single().Attempt);
    }

    [Fact]
    public async Task SandboxLost_PodWithInitContainer_InitialisesAgainInANewOne()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod(inits: ["prepare"]));
        await kubelet.ExitAsync("prepare", 0);
        Assert.Equal("app", kubelet.Alive().Single().Name);

        kubelet.Runtime.LoseSandbox(kubelet.Runtime.Sandboxes.Single().Id);
        await kubelet.SettleAsync();
        await kubelet.ExitAsync("prepare", 0);

        ContainerStatus app = kubelet.Alive().Single();
        Assert.Equal(("app", 1u), (app.Name, app.Attempt));
        Assert.Equal(1u, kubelet.Runtime.Sandboxes.Single(sandbox => sandbox.IsReady).Attempt);
    }

    [Fact]
    public async Task Orphan_BeforeTheSourceIsReady_IsLeftAlone()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await RunOrphanAsync(kubelet, APod("old", "web"));

        kubelet.Inbox.Post(Found("old", "web"));
        await kubelet.SettleAsync();

        Assert.True(kubelet.Runtime.Sandboxes.Single().IsReady);
    }

    [Fact]
    public async Task Orphan_OfAWishedName_IsGoneBeforeItsSuccessorStarts()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await RunOrphanAsync(kubelet, APod("old", "web"));
        kubelet.Inbox.Post(Found("old", "web"));

        await kubelet.DesireAsync(APod("new", "web"));

        Assert.Equal(
            ["run_podsandbox web", "stop_podsandbox sandbox1", "remove_podsandbox sandbox1", "run_podsandbox web"],
            kubelet.Runtime.Writes.Where(call => call.Contains("podsandbox", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Adoption_OfARunningPod_DoesNothing()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod());
        FakeRuntimeService runtime = kubelet.Runtime;
        await using KubeletHarness next = new(_ => runtime);
        int writes = runtime.Writes.Length;

        next.Inbox.Post(Found("u1", "web"));
        next.Start();
        await next.DesireAsync(APod());

        Assert.Equal(writes, runtime.Writes.Length);
        Assert.Equal("Running", next.Statuses.Reports[new PodUid("u1")].Status.Phase);
    }

    [Fact]
    public async Task ImageMissing_PullFailsThenWorks_Starts()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        bool fails = true;
        kubelet.Runtime.OnCall = (called, _, _) => called == "pull_image" && fails
            ? throw new RuntimeCallException(called, "fake", StatusCode.NotFound, "no such image")
            : Task.CompletedTask;
        await kubelet.DesireAsync(APod(image: "elsewhere"));
        Assert.Equal("ErrImagePull", WaitingReason(kubelet));

        kubelet.Inbox.Post(new SyncEvent.RuntimeReady());
        await kubelet.SettleAsync();
        Assert.Equal("ImagePullBackOff", WaitingReason(kubelet));
        fails = false;
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(10));

        Assert.Single(kubelet.Alive());
        string metrics = await kubelet.Registry.ReadTextAsync();
        Assert.Contains("kubelet_image_pull_duration_seconds_count{image_size_in_bytes=\"0-10MB\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            "kubelet_image_manager_ensure_image_requests_total{pull_policy=\"ifnotpresent\",present_locally=\"false\",pull_required=\"true\"} 3\n",
            metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_InTheMiddleOfWork_LeavesNoActivityBehind()
    {
        KubeletHarness kubelet = new KubeletHarness().Start();
        TaskCompletionSource pulling = new();
        kubelet.Runtime.OnCall = async (operation, _, token) =>
        {
            if (operation == "pull_image")
            {
                pulling.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            }
        };
        kubelet.Wish(APod(image: "elsewhere"));
        await pulling.Task.WaitAsync(Token);
        kubelet.Workers.ResyncAll();

        await kubelet.DisposeAsync();

        await kubelet.SettleAsync();
    }

    private static string WaitingReason(KubeletHarness kubelet) =>
        kubelet.Statuses.Reports[new PodUid("u1")].Status.ContainerStatuses[0].State.Waiting.Reason;

    private static SyncEvent.Lifecycle Found(string uid, string name) => new(new PodLifecycleEvent(
        new PodUid(uid), new NamespacedName("default", name), PodLifecycleEventType.ContainerStarted, null));

    private static Task<PodSandboxId> RunOrphanAsync(KubeletHarness kubelet, Pod pod) => kubelet.Runtime.RunPodSandboxAsync(
        new PodSandboxSpec(pod, 0, string.Empty, string.Empty, string.Empty), Token);
}
