using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Primitives;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>What a daemon knows of what the one before it decided and began.</summary>
public sealed class IntentJournalTests
{
    private static readonly PodUid Uid = new("u1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Succeeded_PodThatTheRuntimeForgot_DoesNotRunAgain()
    {
        KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(APod(policy: "Never"));
        await kubelet.ExitAsync("app", 0);
        kubelet.Runtime.Forget();

        await using KubeletHarness next = await kubelet.SucceedAsync();
        await next.DesireAsync(APod(policy: "Never"));

        V1PodStatus status = next.Statuses.Reports[Uid].Status;
        Assert.Equal(("Succeeded", 0), (status.Phase, status.ContainerStatuses[0].State.Terminated.ExitCode));
        Assert.Empty(next.Runtime.Containers);
    }

    [Fact]
    public async Task Deadline_ThatPassed_IsNotDecidedAnew()
    {
        KubeletHarness kubelet = new KubeletHarness().Start();
        Pod pod = APod();
        pod.Spec.ActiveDeadlineSeconds = 5;
        await kubelet.DesireAsync(pod);
        await kubelet.AdvanceAsync(TimeSpan.FromSeconds(5));
        kubelet.Runtime.Forget();

        await using KubeletHarness next = await kubelet.SucceedAsync();
        await next.DesireAsync(pod);

        V1PodStatus status = next.Statuses.Reports[Uid].Status;
        Assert.Equal(("Failed", "DeadlineExceeded"), (status.Phase, status.Reason));
        Assert.Empty(next.Runtime.Containers);
        Assert.DoesNotContain(next.Events.Read(), nodeEvent => nodeEvent.Reason == "DeadlineExceeded");
    }

    [Fact]
    public async Task PreStop_ThatHasBegun_IsNotRunByTheNextDaemon()
    {
        KubeletHarness kubelet = new KubeletHarness().Start();
        TaskCompletionSource hooked = new();
        kubelet.Runtime.OnCall = async (operation, _, token) =>
        {
            if (operation == "exec_sync")
            {
                hooked.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            }
        };
        Pod pod = WithPreStop(APod());
        await kubelet.DesireAsync(pod);
        kubelet.Wish();
        await hooked.Task.WaitAsync(Token);

        await using KubeletHarness next = await kubelet.SucceedAsync();
        next.Runtime.OnCall = null;
        await next.DesireAsync();

        Assert.Single(next.Runtime.Writes, call => call.StartsWith("exec_sync", StringComparison.Ordinal));
        Assert.Empty(next.Runtime.Containers);
    }

    [Fact]
    public async Task Stop_ThatHasBegun_HasWhatIsLeftOfItsTime()
    {
        KubeletHarness kubelet = new KubeletHarness().Start();
        Pod pod = APod();
        pod.Spec.TerminationGracePeriodSeconds = 60;
        await kubelet.DesireAsync(pod);
        TaskCompletionSource stopping = new();
        kubelet.Runtime.OnCall = async (operation, _, token) =>
        {
            if (operation == "stop_container")
            {
                stopping.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            }
        };
        kubelet.Wish();
        await stopping.Task.WaitAsync(Token);
        kubelet.Clock.Advance(TimeSpan.FromSeconds(20));
        KubeletHarness next = await kubelet.SucceedAsync();
        await using (next)
        {
            next.Runtime.OnCall = null;

            await next.DesireAsync();

            Assert.Equal(TimeSpan.FromSeconds(40), next.Runtime.GracePeriods[^1]);
        }
    }

    [Fact]
    public void Read_FileThatMakesNoSense_IsNoneAndIsTold()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("nd-");
        try
        {
            FlightRecorder flight = new(16, TimeProvider.System);
            IntentJournal journal = new(directory.FullName, flight);
            File.WriteAllText(Path.Combine(directory.FullName, "u1.json"), "{");

            Assert.Null(journal.TryRead(Uid));
            Assert.Null(journal.TryRead(new PodUid("u2")));

            Assert.Contains("u1.json", Assert.Single(flight.Read(0)).What, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Write_Intents_AreReadBackAndForTheOwnerAlone()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("nd-");
        try
        {
            IntentJournal journal = new(Path.Combine(directory.FullName, "pods"), new FlightRecorder(16, TimeProvider.System));
            PodIntents intents = new()
            {
                Failure = PodFailure.Evicted("no room", TimeSpan.FromSeconds(1)),
                PreStopped = ["c1"],
                StopBy = DateTimeOffset.UnixEpoch,
                Terminal = new V1PodStatus { Phase = "Failed", StartTime = DateTime.UnixEpoch },
            };

            journal.Write(Uid, intents);

            PodIntents read = journal.TryRead(Uid)!;
            Assert.Equal((intents.Failure, intents.StopBy, "Failed"), (read.Failure, read.StopBy, read.Terminal!.Phase));
            Assert.Equal(intents.PreStopped, read.PreStopped);
            Assert.Equal([Uid], journal.Pods);
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite,
                File.GetUnixFileMode(Path.Combine(directory.FullName, "pods/u1.json")));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static Pod WithPreStop(Pod pod) => pod.With(container => container.Lifecycle = new V1Lifecycle
    {
        PreStop = new V1LifecycleHandler { Exec = new V1ExecAction { Command = ["true"] } },
    });
}
