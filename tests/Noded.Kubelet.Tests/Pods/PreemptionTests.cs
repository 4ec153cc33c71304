using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Pods;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class PreemptionTests
{
    private static readonly Pod Critical = WithPriority(Requesting("critical", "0", "0"), 2_000_000_000);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Names of pods by class, with what each requests of memory.</summary>
    public static TheoryData<string, int, string> Choices => new()
    {
        // As few as can be of one class: the one that comes closest.
        { "b1=100 b2=300 b3=500", 250, "b2" },
        { "b1=100 b2=300 b3=500", 500, "b3" },
        { "b1=100 b2=300 b3=500", 600, "b3 b1" },

        // Of those that have enough, the smallest.
        { "b2=300 b1=200", 100, "b1" },

        // A better class only for what the lesser ones do not have.
        { "g1=500 b1=100", 100, "b1" },
        { "g1=500 b1=100", 500, "g1" },
        { "g1=500 b1=100", 550, "b1 g1" },
        { "g1=500 g2=100 b1=100", 150, "b1 g2" },
        { "b1=100", 101, "nobody" },
        { "", 1, "nobody" },
    };

    [Theory]
    [MemberData(nameof(Choices))]
    public void Choose_Memory_IsOfAsFewAndAsCheapPodsAsCanBe(string running, int missing, string expected)
    {
        Pod[] pods = [.. running.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

        ImmutableArray<Pod>? chosen = Preemption.Choose(Critical, pods, [new InsufficientResource("memory", missing, 0, 0)]);

        Assert.Equal(expected, chosen is { } some ? string.Join(' ', some.Select(pod => pod.Uid)) : "nobody");

        static Pod Parse(string text) => text[0] == 'g'
            ? Guaranteed(text.Split('=')[0], text.Split('=')[1])
            : Requesting(text.Split('=')[0], "0", text.Split('=')[1]);
    }

    [Fact]
    public void Choose_TooManyPods_EndsOneThatAsksForNothing()
    {
        Pod bestEffort = APod("be", "be");

        ImmutableArray<Pod>? chosen = Preemption.Choose(
            Critical, [Requesting("b1", "1", "1"), bestEffort], [new InsufficientResource("pods", 1, 2, 2)]);

        Assert.Equal([bestEffort], chosen!.Value);
    }

    [Theory]
    [InlineData(2_000_000_000, 2_000_000_000, false)]
    [InlineData(2_000_001_000, 2_000_000_000, true)]
    [InlineData(2_000_000_000, null, true)]
    [InlineData(2_000_000_000, 10, true)]
    public void Choose_Others_AreOfLessPriority(int priority, int? other, bool expected)
    {
        ImmutableArray<Pod>? chosen = Preemption.Choose(
            WithPriority(Requesting("p", "1", "1"), priority),
            [WithPriority(Requesting("b1", "1", "1"), other)],
            [new InsufficientResource("cpu", 1000, 1000, 1000)]);

        Assert.Equal(expected, chosen is not null);
    }

    [Fact]
    public async Task Pod_ThatTheNodeNeeds_RunsOnceTheOtherHasEnded()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod other = Requesting("other", "3", "1");
        await kubelet.DesireAsync(other);
        Pod critical = WithPriority(Requesting("critical", "2", "1"), 2_000_000_000);

        await kubelet.DesireAsync(other, critical);

        V1PodStatus ended = kubelet.Statuses.Reports[other.Uid].Status;
        Assert.Equal(("Failed", "Preempting", "Preempted in order to admit critical pod"), (ended.Phase, ended.Reason, ended.Message));
        Assert.Contains(ended.Conditions, condition => condition is { Type: "DisruptionTarget", Reason: "TerminationByKubelet" });
        Assert.Equal("Running", kubelet.Statuses.Reports[critical.Uid].Status.Phase);
        Assert.Contains(kubelet.Events.Read(), nodeEvent => nodeEvent is { Reason: "Preempting", Type: "Warning" });
        List<string> writes = [.. kubelet.Runtime.Writes];
        Assert.True(
            writes.FindIndex(write => write.StartsWith("stop_container", StringComparison.Ordinal))
                < writes.FindLastIndex(write => write.StartsWith("run_podsandbox", StringComparison.Ordinal)),
            string.Join('\n', writes));
    }

    [Fact]
    public async Task Pod_ThatTheNodeNeeds_DoesNotWaitForAnEndThatHangs()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod other = Requesting("other", "3", "1");
        await kubelet.DesireAsync(other);
        (TaskCompletionSource stopping, TaskCompletionSource started, TaskCompletionSource thirdStarted) = (new(), new(), new());
        kubelet.Runtime.OnCall = async (operation, _, token) =>
        {
            if (operation == "stop_container")
            {
                stopping.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, kubelet.Clock, token);
            }
        };
        kubelet.Runtime.OnDone = (operation, target) =>
        {
            if (operation == "start_container")
            {
                _ = target switch
                {
                    "critical" => started.TrySetResult(),
                    "third" => thirdStarted.TrySetResult(),
                    _ => false,
                };
            }
        };

        kubelet.Wish(other, WithPriority(Requesting("critical", "2", "1"), 2_000_000_000));
        await stopping.Task.WaitAsync(Token);

        // Read anew, as after any change of the manifests, it waits on; and what comes then is dealt with after it.
        Pod third = APod("third", "third", containers: ["third"]);
        kubelet.Wish(other, WithPriority(Requesting("critical", "2", "1"), 2_000_000_000), third);
        await thirdStarted.Task.WaitAsync(Token);
        Assert.False(kubelet.Workers.Contains(new PodUid("critical")));
        Assert.False(started.Task.IsCompleted);
        kubelet.Clock.Advance(TimeSpan.FromSeconds(45));

        await started.Task.WaitAsync(Token);
    }

    [Fact]
    public async Task Pod_ThatTheNodeNeeds_IsNotWishedAnyMoreBeforeThereIsRoom_NeverRuns()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod other = Requesting("other", "3", "1");
        await kubelet.DesireAsync(other);
        Pod critical = WithPriority(Requesting("critical", "2", "1"), 2_000_000_000);

        kubelet.Wish(other, critical);
        await kubelet.DesireAsync(other);

        Assert.False(kubelet.Statuses.Reports.ContainsKey(critical.Uid));
        Assert.Equal("Preempting", kubelet.Statuses.Reports[other.Uid].Status.Reason);
    }

    private static Pod Requesting(string uid, string cpu, string memory) =>
        APod(uid, uid, containers: [uid]).With(container => container.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new(memory) },
        });

    private static Pod Guaranteed(string uid, string memory) =>
        APod(uid, uid, containers: [uid]).With(container => container.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new(memory) },
            Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new(memory) },
        });

    private static Pod WithPriority(Pod pod, int? priority)
    {
        pod.Spec.Priority = priority;
        return pod;
    }
}
