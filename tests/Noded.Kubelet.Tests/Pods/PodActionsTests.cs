using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class PodActionsTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Compute_NothingThere_MakesSandboxAndAllContainers()
    {
        PodActions actions = Compute(APod(containers: ["a", "b"]), Status());

        Assert.Equal(0u, actions.SandboxAttempt);
        Assert.Equal(["a 0", "b 0"], Started(actions));
    }

    [Theory]
    [InlineData("Always", ContainerState.Running, 0, true, "")]
    [InlineData("Always", ContainerState.Exited, 0, true, "app 1")]
    [InlineData("Always", ContainerState.Exited, 1, true, "app 1")]
    [InlineData("Always", ContainerState.Created, 0, true, "app 0")]
    [InlineData("Always", ContainerState.Unknown, 0, true, "app 1")]
    [InlineData("Always", ContainerState.Running, 0, false, "app 1")]
    [InlineData("Always", ContainerState.Exited, 0, false, "app 1")]
    [InlineData("OnFailure", ContainerState.Running, 0, true, "")]
    [InlineData("OnFailure", ContainerState.Exited, 0, true, "")]
    [InlineData("OnFailure", ContainerState.Exited, 1, true, "app 1")]
    [InlineData("OnFailure", ContainerState.Exited, 0, false, "")]
    [InlineData("OnFailure", ContainerState.Exited, 1, false, "app 1")]
    [InlineData("OnFailure", ContainerState.Running, 0, false, "app 1")]
    [InlineData("Never", ContainerState.Running, 0, true, "")]
    [InlineData("Never", ContainerState.Exited, 0, true, "")]
    [InlineData("Never", ContainerState.Exited, 1, true, "")]
    [InlineData("Never", ContainerState.Created, 0, true, "app 0")]
    [InlineData("Never", ContainerState.Exited, 1, false, "")]
    [InlineData("Never", ContainerState.Running, 0, false, "")]
    [InlineData("Never", ContainerState.Unknown, 0, true, "")]
    public void Compute_PolicyStateAndSandbox_DecideTheStart(
        string policy, ContainerState state, int exitCode, bool sandboxReady, string expected)
    {
        PodStatus status = Status(sandboxReady, AContainerStatus("app", state, exitCode));

        PodActions actions = Compute(APod(policy: policy), status);

        Assert.Equal(expected, string.Join(',', Started(actions)));
        Assert.Equal(!sandboxReady && expected.Length > 0 ? 1u : null, actions.SandboxAttempt);
    }

    [Theory]
    [InlineData("Always", 0, "init 1", 1u)]
    [InlineData("OnFailure", 0, "init 1", 1u)]
    [InlineData("OnFailure", 1, "init 1", 1u)]
    [InlineData("Never", 0, "", null)]
    public void Compute_SandboxLostAfterInit_InitialisesAgain(
        string policy, int initExit, string expected, uint? sandboxAttempt)
    {
        Pod pod = APod(policy: policy, inits: ["init"]);
        PodStatus status = Status(
            false,
            AContainerStatus("init", ContainerState.Exited, initExit),
            AContainerStatus("app", ContainerState.Exited, 1));

        PodActions actions = Compute(pod, status);

        Assert.Equal(expected, string.Join(',', Started(actions)));
        Assert.Equal(sandboxAttempt, actions.SandboxAttempt);
    }

    [Theory]
    [InlineData("OnFailure")]
    [InlineData("Never")]
    public void Compute_SandboxOfAPodThatIsOverIsLost_MakesNoOther(string policy)
    {
        PodStatus status = Status(
            false,
            AContainerStatus("init", ContainerState.Exited, 0),
            AContainerStatus("app", ContainerState.Exited, 0));

        Assert.True(Compute(APod(policy: policy, inits: ["init"]), status).IsEmpty);
    }

    [Theory]
    [InlineData("Always", ContainerState.Running, 0, "")]
    [InlineData("Always", ContainerState.Exited, 0, "second 0")]
    [InlineData("Always", ContainerState.Exited, 1, "first 1")]
    [InlineData("Never", ContainerState.Exited, 1, "")]
    [InlineData("OnFailure", ContainerState.Exited, 1, "first 1")]
    public void Compute_InitContainers_RunOneAfterTheOther(
        string policy, ContainerState state, int exitCode, string expected)
    {
        PodStatus status = Status(true, AContainerStatus("first", state, exitCode));

        PodActions actions = Compute(APod(policy: policy, inits: ["first", "second"]), status);

        Assert.Equal(expected, string.Join(',', Started(actions)));
    }

    [Fact]
    public void Compute_AllInitContainersSucceeded_StartsTheRegularOnes()
    {
        PodStatus status = Status(
            true, AContainerStatus("i1", ContainerState.Exited, 0), AContainerStatus("i2", ContainerState.Exited, 0));

        Assert.Equal(["a 0", "b 0"], Started(Compute(APod(containers: ["a", "b"], inits: ["i1", "i2"]), status)));
    }

    [Fact]
    public void Compute_InitContainersWereCollected_DoesNotRunThemAgain()
    {
        PodStatus status = Status(true, AContainerStatus("app", ContainerState.Exited, 1));

        Assert.Equal(["app 1"], Started(Compute(APod(inits: ["init"]), status)));
    }

    [Fact]
    public void Compute_FailedBefore_WaitsForItsBackoff()
    {
        RestartBackoff backoff = new(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5));
        backoff.Restarted("app", Now - TimeSpan.FromSeconds(30));
        backoff.Ended("app", "app-0", Now);
        PodStatus status = Status(
            true, AContainerStatus("app", ContainerState.Exited, 1, attempt: 1) with { FinishedAt = Now });

        PodActions actions = PodActions.Compute(APod(), status, backoff, _ => "hash", Now);

        Assert.True(actions.IsEmpty);
        Assert.Equal(Now + TimeSpan.FromSeconds(10), actions.NextSync);
        Assert.Equal("app", Assert.Single(actions.BackedOff).Name);
    }

    [Fact]
    public void Compute_SpecHashChanged_KillsAndStartsAnew()
    {
        PodStatus status = Status(true, AContainerStatus("app", ContainerState.Running) with { SpecHash = "other" });

        PodActions actions = Compute(APod(), status);

        Assert.Equal("app", Assert.Single(actions.Kill).Container.Name);
        Assert.Equal(["app 1"], Started(actions));
    }

    [Fact]
    public void Compute_CreatedAndNeverStarted_IsRemovedFirst()
    {
        PodStatus status = Status(
            true,
            AContainerStatus("app", ContainerState.Created, attempt: 3),
            AContainerStatus("app", ContainerState.Exited, 1, attempt: 2));

        PodActions actions = Compute(APod(), status);

        Assert.Equal(3u, Assert.Single(actions.Remove).Attempt);
        Assert.Equal(["app 3"], Started(actions));
    }

    [Fact]
    public void Compute_ContainerTheSpecDoesNotName_IsKilled()
    {
        PodStatus status = Status(
            true, AContainerStatus("app", ContainerState.Running), AContainerStatus("stray", ContainerState.Running));

        Assert.Equal("stray", Assert.Single(Compute(APod(), status).Kill).Container.Name);
    }

    [Fact]
    public void Compute_EarlierAttemptStillRuns_IsKilled()
    {
        PodStatus status = Status(
            true,
            AContainerStatus("app", ContainerState.Running, attempt: 1),
            AContainerStatus("app", ContainerState.Running, attempt: 0));

        PodActions actions = Compute(APod(), status);

        Assert.Equal(0u, Assert.Single(actions.Kill).Container.Attempt);
        Assert.Empty(actions.Start);
    }

    [Fact]
    public void Compute_UnknownContainer_IsStoppedBeforeAnotherStarts()
    {
        PodActions actions = Compute(APod(), Status(true, AContainerStatus("app", ContainerState.Unknown)));

        Assert.Equal("app", Assert.Single(actions.Kill).Container.Name);
    }

    [Fact]
    public void Compute_OlderSandboxStillReady_IsStopped()
    {
        PodStatus status = Status(true, AContainerStatus("app", ContainerState.Running)) with
        {
            Sandboxes = [ASandbox(1, true), ASandbox(0, true)],
        };
        status = status with { Containers = [status.Containers[0] with { Sandbox = ASandbox(1, true).Id }] };

        PodActions actions = Compute(APod(), status);

        Assert.Equal(0u, Assert.Single(actions.StopSandboxes).Attempt);
        Assert.Empty(actions.Start);
    }

    [Fact]
    public void Compute_RunningInALostSandbox_IsKilledAndMovedToTheNext()
    {
        PodActions actions = Compute(APod(), Status(false, AContainerStatus("app", ContainerState.Running)));

        Assert.Equal("app", Assert.Single(actions.Kill).Container.Name);
        Assert.Equal(1u, actions.SandboxAttempt);
        Assert.Equal(["app 1"], Started(actions));
    }

    private static PodActions Compute(Pod pod, PodStatus status) => PodActions.Compute(
        pod, status, new RestartBackoff(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5)), _ => "hash", Now);

    private static IEnumerable<string> Started(PodActions actions) =>
        actions.Start.Select(start => $"{start.Container.Name} {start.Attempt}");

    private static PodStatus Status(bool sandboxReady, params ContainerStatus[] containers) =>
        new(new PodUid("u1"), [ASandbox(0, sandboxReady)], [.. containers], []);

    private static PodStatus Status() => PodStatus.Empty(new PodUid("u1"));

    private static PodSandbox ASandbox(uint attempt, bool isReady) => new(
        new PodSandboxId($"s{attempt}"), new PodUid("u1"), new NamespacedName("default", "web"), attempt, isReady, Now);

    private static ContainerStatus AContainerStatus(
        string name, ContainerState state, int exitCode = 0, uint attempt = 0) => new(
        new ContainerId($"{name}-{attempt}"), new PodSandboxId("s0"), name, attempt, state, Now, Now, Now, exitCode,
        string.Empty, string.Empty, "image", "id-of-image", "hash");
}
