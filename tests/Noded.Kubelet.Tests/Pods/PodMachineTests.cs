using k8s.Models;
using Noded.Kubelet.Pods;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>A million random steps in the lives of pods; seeds make each life repeatable.</summary>
public sealed class PodMachineTests
{
    private const int StepsOfALife = 100;
    private const int Lives = 2500;

    [Theory]
    [InlineData("Always")]
    [InlineData("OnFailure")]
    [InlineData("Never")]
    [InlineData("sidecars")]
    public void Life_OfRandomSteps_BreaksNoPromise(string kind)
    {
        for (int seed = 0; seed < Lives; seed++)
        {
            Random random = new(seed);
            Pod pod = kind == "sidecars" ? WithSidecars(random) : APod(policy: kind, containers: ["a", "b"], inits: ["i", "j"]);
            PodMachine machine = new(pod, random);
            string? terminal = null;
            for (int step = 0; step < StepsOfALife; step++)
            {
                machine.Step();
                AssertKept(machine, pod, terminal, seed, step);
                terminal = machine.Terminal;
            }

            machine.Settle();
            AssertAtRest(machine, pod, seed);
        }
    }

    private static void AssertKept(PodMachine machine, Pod pod, string? terminal, int seed, int step)
    {
        string[] running = [.. machine.Running.Select(container => container.Name)];
        Assert.True(running.Distinct().Count() == running.Length, $"seed {seed}, step {step}: twice alive: {machine.Describe()}");
        if (terminal is not null)
        {
            Assert.True(machine.Terminal == terminal, $"seed {seed}, step {step}: left {terminal}: {machine.Describe()}");
            Assert.True(running.Length == 0, $"seed {seed}, step {step}: runs after its end: {machine.Describe()}");
        }

        if (pod.Spec.RestartPolicy == "Never")
        {
            Assert.All(
                pod.Spec.Containers,
                container => Assert.True(
                    machine.RunsOf(container.Name) <= 1, $"seed {seed}, step {step}: {container.Name} ran again: {machine.Describe()}"));
        }
    }

    private static void AssertAtRest(PodMachine machine, Pod pod, int seed)
    {
        if (machine.Terminal is not null)
        {
            Assert.True(!machine.Running.Any(), $"seed {seed}: {machine.Describe()}");
            return;
        }

        // Nothing is lost: what is to run runs. What waits for an init container waits for one that runs.
        string[] running = [.. machine.Running.Select(container => container.Name)];
        Assert.True(running.Length > 0, $"seed {seed}: nothing runs and nothing is over: {machine.Describe()}");
        if (pod.Spec.RestartPolicy == "Always" && !running.Intersect((pod.Spec.InitContainers ?? []).Where(init => init.RestartPolicy is null).Select(init => init.Name)).Any())
        {
            Assert.True(
                pod.Spec.Containers.All(container => running.Contains(container.Name)), $"seed {seed}: {machine.Describe()}");
        }
    }

    private static Pod WithSidecars(Random random)
    {
        Pod pod = APod(policy: random.Next(2) == 0 ? "Never" : "Always", containers: ["a", "b"], inits: ["i", "s", "t"]);
        foreach (V1Container sidecar in pod.Spec.InitContainers.Skip(1))
        {
            sidecar.RestartPolicy = "Always";
        }

        return pod;
    }
}
