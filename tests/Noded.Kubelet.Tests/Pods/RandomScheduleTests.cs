using Grpc.Core;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>
/// Wishes, deaths, lost sandboxes, failures and time in random order: whatever happens, no container runs twice, and
/// once the faults stop the pods are what was wished last.
/// </summary>
public sealed class RandomScheduleTests
{
    private const int Steps = 2500;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Kubelet_AnyOrderOfEvents_KeepsItsInvariantsAndConverges(int seed)
    {
        Random random = new(seed);
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        Pod[] choice =
        [
            APod("a1", "a", containers: ["x", "y"]), APod("a2", "a", inits: ["i"]),
            APod("b1", "b", "OnFailure", inits: ["i", "j"]), APod("c1", "c", "Always", ["x"], image: "elsewhere"),
        ];
        Pod[] wish = [];
        int faults = 0;
        Fault(kubelet, random, () => Volatile.Read(ref faults) > 0 && Interlocked.Decrement(ref faults) >= 0);

        for (int step = 0; step < Steps; step++)
        {
            switch (random.Next(8))
            {
                case 0:
                    // One pod of a name at most, as the sources guarantee.
                    wish = [.. choice.Where(_ => random.Next(2) == 0).DistinctBy(pod => pod.Name)];
                    kubelet.Wish(wish);
                    break;
                case 1 or 2 or 3 when kubelet.Alive() is { IsEmpty: false } alive:
                    kubelet.Runtime.Exit(alive[random.Next(alive.Length)].Id, random.Next(2));
                    break;
                case 4 when kubelet.Runtime.Sandboxes.FirstOrDefault(sandbox => sandbox.IsReady) is { } sandbox:
                    kubelet.Runtime.LoseSandbox(sandbox.Id);
                    break;
                case 5:
                    Volatile.Write(ref faults, random.Next(4));
                    break;
                default:
                    kubelet.Clock.Advance(TimeSpan.FromSeconds(random.Next(1, 20)));
                    break;
            }

            if (random.Next(3) > 0)
            {
                await kubelet.SettleAsync();
            }

            AssertNothingRunsTwice(kubelet, seed, step);
        }

        Volatile.Write(ref faults, 0);
        await ConvergeAsync(kubelet);
        AssertIsAsWished(kubelet, wish);
        kubelet.Wish();
        await ConvergeAsync(kubelet);
        Assert.Empty(kubelet.Runtime.Sandboxes);
        Assert.Equal(0, kubelet.Workers.Count);
    }

    /// <summary>Calls fail before they act, or after: then only the answer is lost.</summary>
    private static void Fault(KubeletHarness kubelet, Random random, Func<bool> isDue)
    {
        // The random numbers belong to the test's own thread.
        bool before = random.Next(2) == 0;
        void Throw(string operation) =>
            throw new RuntimeCallException(operation, "fake", StatusCode.DeadlineExceeded, "scripted");

        kubelet.Runtime.OnCall = (operation, _, _) =>
        {
            if (before && isDue())
            {
                Throw(operation);
            }

            return Task.CompletedTask;
        };
        kubelet.Runtime.OnDone = (operation, _) =>
        {
            if (!before && isDue())
            {
                Throw(operation);
            }
        };
    }

    private static void AssertNothingRunsTwice(KubeletHarness kubelet, int seed, int step)
    {
        Dictionary<PodSandboxId, PodSandbox> sandboxes = kubelet.Runtime.Sandboxes.ToDictionary(sandbox => sandbox.Id);
        var twice = kubelet.Alive()
            .Where(container => sandboxes.ContainsKey(container.Sandbox))
            .GroupBy(container => (sandboxes[container.Sandbox].PodName, container.Name))
            .Where(group => group.Count() > 1)
            .ToList();

        Assert.True(twice.Count == 0, $"seed {seed}, step {step}: {string.Join(", ", twice.Select(group => group.Key))}");
    }

    private static async Task ConvergeAsync(KubeletHarness kubelet)
    {
        for (int i = 0; i < 80; i++)
        {
            await kubelet.AdvanceAsync(TimeSpan.FromSeconds(10));
        }

        // Init containers end well from here on.
        for (int i = 0; i < 4; i++)
        {
            foreach (ContainerStatus init in kubelet.Alive().Where(container => container.Name is "i" or "j"))
            {
                kubelet.Runtime.Exit(init.Id, 0);
            }

            await kubelet.SettleAsync();
        }
    }

    private static void AssertIsAsWished(KubeletHarness kubelet, Pod[] wish)
    {
        Assert.Equal(
            wish.Select(pod => pod.Uid.Value).Order(),
            kubelet.Statuses.Reports.Keys.Select(uid => uid.Value).Order());
        foreach (Pod pod in wish.Where(pod => pod.Spec.RestartPolicy == "Always"))
        {
            PodSandbox sandbox = Assert.Single(
                kubelet.Runtime.Sandboxes, sandbox => sandbox.Pod == pod.Uid && sandbox.IsReady);
            Assert.Equal(
                pod.Spec.Containers.Select(container => container.Name).Order(),
                kubelet.Alive().Where(container => container.Sandbox == sandbox.Id)
                    .Select(container => container.Name).Order());
        }
    }
}
