using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Status;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Status;

public sealed class ApiPodStatusTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// A container each: r running, 0 and 1 ended, w waiting, W waiting after a failure; of sidecars S started, s running
    /// and not started, D ended with an error.
    /// </summary>
    [Theory]
    [InlineData("Always", "", "r", "Running")]
    [InlineData("Always", "", "rw", "Pending")]
    [InlineData("Always", "", "0", "Running")]
    [InlineData("Always", "", "W", "Running")]
    [InlineData("OnFailure", "", "0", "Succeeded")]
    [InlineData("OnFailure", "", "01", "Running")]
    [InlineData("OnFailure", "", "1", "Running")]
    [InlineData("Never", "", "1", "Failed")]
    [InlineData("Never", "", "01", "Failed")]
    [InlineData("Never", "", "0r", "Running")]
    [InlineData("Never", "", "00", "Succeeded")]
    [InlineData("Always", "r", "w", "Pending")]
    [InlineData("Always", "1", "w", "Pending")]
    [InlineData("Always", "0", "r", "Running")]
    [InlineData("Never", "1", "w", "Failed")]
    [InlineData("Always", "r", "W", "Running")]
    [InlineData("Never", "0S", "r", "Running")]
    [InlineData("Never", "S", "w", "Pending")]
    [InlineData("Never", "s", "w", "Pending")]
    [InlineData("Never", "S", "0", "Running")]
    [InlineData("Never", "D", "0", "Succeeded")]
    [InlineData("Never", "D", "1", "Failed")]
    public void Phase_PolicyAndStates_IsUpstreams(string policy, string inits, string containers, string expected) =>
        Assert.Equal(
            expected,
            PodPhases.Compute(
                new V1PodSpec
                {
                    RestartPolicy = policy,
                    InitContainers = [.. inits.Select((kind, i) => new V1Container
                    {
                        Name = $"i{i}", RestartPolicy = kind is 'S' or 's' or 'D' ? "Always" : null,
                    })],
                    Containers = [.. containers.Select((_, i) => new V1Container { Name = $"c{i}" })],
                },
                [.. inits.Select(AStatus)],
                [.. containers.Select(AStatus)]));

    [Theory]
    [InlineData("Always", ContainerState.Running, 0, "True", null)]
    [InlineData("Always", ContainerState.Exited, 1, "False", "ContainersNotReady")]
    [InlineData("OnFailure", ContainerState.Exited, 0, "False", "PodCompleted")]
    [InlineData("Never", ContainerState.Exited, 1, "False", "PodFailed")]
    public void Compute_Ready_HasUpstreamsReason(
        string policy, ContainerState state, int exitCode, string expected, string? reason)
    {
        V1PodStatus status = Compute(APod(policy: policy), AContainerStatus(state, exitCode));

        V1PodCondition ready = status.Conditions.Single(condition => condition.Type == "Ready");
        Assert.Equal((expected, reason), (ready.Status, ready.Reason));
    }

    [Fact]
    public void Compute_ContainerBehindInitContainers_WaitsForThem()
    {
        V1PodStatus status = Compute(APod(inits: ["init"]));

        Assert.Equal("PodInitializing", status.ContainerStatuses[0].State.Waiting.Reason);
        Assert.Equal("ContainerCreating", Compute(APod()).ContainerStatuses[0].State.Waiting.Reason);
    }

    [Fact]
    public void Compute_BackedOff_ShowsTheEndAsLastState()
    {
        ContainerStatus ended = AContainerStatus(ContainerState.Exited, 3);
        SyncResult result = Result(ended) with { BackedOff = [new BackedOffContainer("app", ended, Now, TimeSpan.FromSeconds(20))] };

        V1ContainerStatus status =
            ApiPodStatus.Compute(APod(), result, null, "192.0.2.1", Now).ContainerStatuses[0];

        Assert.Equal("CrashLoopBackOff", status.State.Waiting.Reason);
        Assert.Equal(3, status.LastState.Terminated.ExitCode);
    }

    [Fact]
    public void Compute_ContainerIsLost_ShowsThatNobodySawItsEndUntilTheNextOne()
    {
        SyncResult lost = Result();
        lost = lost with { Status = lost.Status with { Lost = ImmutableDictionary<string, uint>.Empty.Add("app", 2) } };
        V1PodStatus first = ApiPodStatus.Compute(APod(), lost, null, "192.0.2.1", Now);
        V1ContainerStatus status = first.ContainerStatuses[0];

        Assert.Equal((3, "ContainerCreating"), (status.RestartCount, status.State.Waiting.Reason));
        Assert.Equal((137, "ContainerStatusUnknown"), (status.LastState.Terminated.ExitCode, status.LastState.Terminated.Reason));

        SyncResult running = Result(AContainerStatus(ContainerState.Running, 0) with { Attempt = 3 });
        V1PodStatus second = ApiPodStatus.Compute(APod(), running, first, "192.0.2.1", Now);
        Assert.Equal(137, second.ContainerStatuses[0].LastState.Terminated.ExitCode);

        SyncResult ended = Result(
            AContainerStatus(ContainerState.Running, 0) with { Attempt = 4, Id = new ContainerId("d") },
            AContainerStatus(ContainerState.Exited, 5) with { Attempt = 3 });
        Assert.Equal(
            5, ApiPodStatus.Compute(APod(), ended, second, "192.0.2.1", Now).ContainerStatuses[0].LastState.Terminated.ExitCode);
    }

    [Theory]
    [InlineData(null, "corresponding condition of pod readiness gate \"example.com/up\" does not exist.")]
    [InlineData("False", "the status of pod readiness gate \"example.com/up\" is not \"True\", but False")]
    [InlineData("True", null)]
    public void Compute_ReadinessGate_IsUpstreams(string? gate, string? message)
    {
        Pod pod = APod();
        pod.Manifest.Spec.ReadinessGates = [new V1PodReadinessGate { ConditionType = "example.com/up" }];
        V1PodStatus before = new()
        {
            Conditions = gate is null ? [] : [new V1PodCondition { Type = "example.com/up", Status = gate }],
        };

        V1PodStatus status = ApiPodStatus.Compute(
            pod, Result(AContainerStatus(ContainerState.Running, 0)), before, "192.0.2.1", Now);

        V1PodCondition ready = status.Conditions.Single(condition => condition.Type == "Ready");
        Assert.Equal(
            (message is null ? "True" : "False", message is null ? null : "ReadinessGatesNotReady", message),
            (ready.Status, ready.Reason, ready.Message));
        Assert.Equal("True", status.Conditions.Single(condition => condition.Type == "ContainersReady").Status);
        Assert.Equal(gate, status.Conditions.FirstOrDefault(condition => condition.Type == "example.com/up")?.Status);
    }

    [Fact]
    public void Compute_ConditionUnchanged_KeepsItsTime()
    {
        V1PodStatus before = Compute(APod(), AContainerStatus(ContainerState.Running, 0));

        V1PodStatus after = ApiPodStatus.Compute(
            APod(), Result(AContainerStatus(ContainerState.Running, 0)), before, "192.0.2.1", Now.AddHours(1));

        Assert.All(after.Conditions, condition => Assert.Equal(Now.UtcDateTime, condition.LastTransitionTime));
        Assert.Equal(before.StartTime, after.StartTime);
    }

    private static V1PodStatus Compute(Pod pod, params ContainerStatus[] containers) =>
        ApiPodStatus.Compute(pod, Result(containers), null, "192.0.2.1", Now);

    private static SyncResult Result(params ContainerStatus[] containers) => new(
        new PodStatus(new PodUid("u1"), [], [.. containers], []),
        ImmutableDictionary<string, StartFailure>.Empty,
        [],
        null);

    private static ContainerStatus AContainerStatus(ContainerState state, int exitCode) => new(
        new ContainerId("c"), new PodSandboxId("s"), "app", 0, state, Now, Now, Now, exitCode, "Error", string.Empty,
        "image", "id", "hash");

    private static V1ContainerStatus AStatus(char kind)
    {
        V1ContainerState ended = new() { Terminated = new V1ContainerStateTerminated { ExitCode = kind == '0' ? 0 : 1 } };
        V1ContainerState waiting = new() { Waiting = new V1ContainerStateWaiting() };
        return kind switch
        {
            'r' => new V1ContainerStatus { State = new V1ContainerState { Running = new V1ContainerStateRunning() } },
            'S' or 's' => new V1ContainerStatus
            {
                State = new V1ContainerState { Running = new V1ContainerStateRunning() },
                Started = kind == 'S',
            },
            'w' => new V1ContainerStatus { State = waiting },
            'W' => new V1ContainerStatus { State = waiting, LastState = ended },
            _ => new V1ContainerStatus { State = ended },
        };
    }
}
