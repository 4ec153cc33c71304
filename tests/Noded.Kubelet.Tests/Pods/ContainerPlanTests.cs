using System.Collections.Immutable;
using System.Globalization;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>Init containers, sidecars, policies of single containers and deadlines: state against plan.</summary>
public sealed class ContainerPlanTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Init containers with a ! are sidecars. States are r (running), n (running, not started by its probe), or an exit code.
    /// </summary>
    [Theory]
    [InlineData("Always", "a s! b", "", "a", "")]
    [InlineData("Always", "a s! b", "a=0", "s", "")]
    [InlineData("Always", "a s! b", "a=0 s=n", "", "")]
    [InlineData("Always", "a s! b", "a=0 s=r", "b", "")]
    [InlineData("Always", "a s! b", "a=0 s=r b=r", "", "")]
    [InlineData("Always", "a s! b", "a=0 s=r b=1", "b", "")]
    [InlineData("Always", "a s! b", "a=0 s=r b=0", "app", "")]
    [InlineData("Always", "s! t!", "s=r t=n", "", "")]
    [InlineData("Always", "s! t!", "s=r t=r", "app", "")]
    [InlineData("Always", "a s! b", "a=0 s=1 b=r", "s", "")]
    [InlineData("Always", "a s! b", "a=0 s=1 b=0", "s app", "")]
    [InlineData("Always", "s!", "s=1 app=r", "s", "")]
    [InlineData("Always", "s!", "s=0 app=r", "s", "")]
    [InlineData("Never", "s!", "s=0 app=r", "s", "")]
    [InlineData("Never", "s!", "s=r app=0", "", "s stop")]
    [InlineData("Never", "s!", "s=0 app=0", "", "stop")]
    [InlineData("Never", "s!", "s=r app=1", "", "s stop")]
    [InlineData("OnFailure", "s!", "s=r app=1", "app", "")]
    [InlineData("OnFailure", "s!", "s=r app=0", "", "s stop")]
    [InlineData("Always", "s!", "s=r app=0", "app", "")]
    [InlineData("Never", "s! a", "s=r a=1", "", "s stop")]
    [InlineData("Never", "a", "a=0 app=r", "", "")]
    public void Compute_InitsAndSidecars_InOrder(string policy, string inits, string states, string starts, string ends)
    {
        PodActions actions = Compute(APodOf(policy, inits), states);

        Assert.Equal(starts, string.Join(' ', actions.Start.Select(start => start.Container.Name)));
        Assert.Equal(
            ends,
            string.Join(' ', actions.Kill.Select(kill => kill.Container.Name).Concat(actions.StopSandboxes.Select(_ => "stop"))));
    }

    [Theory]
    [InlineData("Always", "Never", 1, false)]
    [InlineData("Never", "Always", 0, true)]
    [InlineData("Never", "OnFailure", 1, true)]
    [InlineData("Always", "OnFailure", 0, false)]
    [InlineData("Never", null, 1, false)]
    public void Compute_PolicyOfTheContainer_GoesBeforeThePods(string pods, string? own, int exitCode, bool restarts)
    {
        Pod pod = APodOf(pods, "").With(container => container.RestartPolicy = own);

        Assert.Equal(restarts, Compute(pod, $"app={exitCode}").Start.Length == 1);
    }

    [Theory]
    [InlineData("In", 42, true)]
    [InlineData("In", 43, true)]
    [InlineData("In", 44, false)]
    [InlineData("NotIn", 42, false)]
    [InlineData("NotIn", 44, true)]
    public void Compute_RestartRule_GoesBeforeThePolicy(string op, int exitCode, bool restarts)
    {
        Pod pod = APodOf("Never", "").With(container =>
        {
            container.RestartPolicy = "Never";
            container.RestartPolicyRules =
            [
                new V1ContainerRestartRule
                {
                    Action = "Restart",
                    ExitCodes = new V1ContainerRestartRuleOnExitCodes { OperatorProperty = op, Values = [42, 43] },
                },
            ];
        });

        Assert.Equal(restarts, Compute(pod, $"app={exitCode}").Start.Length == 1);
    }

    [Fact]
    public void Compute_BeforeTheDeadline_IsDueAgainAtIt() =>
        Assert.Equal(Now.AddSeconds(5), Compute(APodOf("Always", ""), "app=r", Now.AddSeconds(5)).NextSync);

    [Theory]
    [InlineData("app=r", "app", true)]
    [InlineData("", "", true)]
    [InlineData("s=r app=1", "s", true)]
    public void Compute_AtTheDeadline_EndsEverything(string states, string kills, bool fails)
    {
        PodActions actions = Compute(APodOf("Always", "s!"), states, Now);

        Assert.Equal(kills, string.Join(' ', actions.Kill.Select(kill => kill.Container.Name)));
        Assert.Empty(actions.Start);
        Assert.Equal(fails, actions.Failure == PodFailure.DeadlineExceeded);
    }

    [Fact]
    public void Compute_OverBeforeTheDeadline_HasNotFailedByIt() =>
        Assert.Null(Compute(APodOf("Never", ""), "app=0", Now).Failure);

    private static PodActions Compute(Pod pod, string states, DateTimeOffset? deadline = null)
    {
        Dictionary<string, string> byName = states.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(state => state.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        ImmutableArray<ContainerStatus> containers = [.. byName.Select(pair => AContainerStatus(pair.Key, pair.Value))];
        PodSandbox sandbox = new(new PodSandboxId("s0"), pod.Uid, pod.Name, 0, true, Now);
        PodHealth health = new(containers.Where(container => byName[container.Name] == "n").ToImmutableDictionary(
            container => container.Id, _ => new ContainerHealth(IsStarted: false, IsReady: false, Failed: null)));
        return PodActions.Compute(
            pod, new PodStatus(pod.Uid, [sandbox], containers, []),
            new RestartBackoff(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5)), _ => "hash", Now, health, deadline);
    }

    private static ContainerStatus AContainerStatus(string name, string state) => new(
        new ContainerId(name), new PodSandboxId("s0"), name, 0,
        state is "r" or "n" ? ContainerState.Running : ContainerState.Exited, Now, Now, Now,
        int.TryParse(state, CultureInfo.InvariantCulture, out int exitCode) ? exitCode : 0,
        string.Empty, string.Empty, "image", "id-of-image", "hash");

    private static Pod APodOf(string policy, string inits)
    {
        string[] names = inits.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Pod pod = APod(policy: policy, inits: [.. names.Select(name => name.TrimEnd('!'))]);
        for (int i = 0; i < names.Length; i++)
        {
            pod.Spec.InitContainers[i].RestartPolicy = names[i].EndsWith('!') ? "Always" : null;
        }

        return pod;
    }
}
