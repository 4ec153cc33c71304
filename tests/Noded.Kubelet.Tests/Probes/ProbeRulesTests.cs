using k8s.Models;
using Noded.Kubelet.Probes;

namespace Noded.Kubelet.Tests.Probes;

public sealed class ProbeRulesTests
{
    [Theory]
    [InlineData("Readiness", 0, 0, 0)]
    [InlineData("Readiness", 5, 0, 5)]
    [InlineData("Readiness", 5, 3, 2)]
    [InlineData("Readiness", 5, 60, 0)]
    [InlineData("Liveness", 0, 0, 10)]
    [InlineData("Liveness", 5, 0, 10)]
    [InlineData("Liveness", 15, 0, 15)]
    [InlineData("Startup", 15, 3, 12)]
    [InlineData("Startup", 0, 60, 10)]
    public void FirstDelay_NewContainer_WaitsForItsDelayAndWhatCanKillItForAPeriod(
        string kind, int initialDelay, int age, int expected)
    {
        V1Probe probe = new() { InitialDelaySeconds = initialDelay, PeriodSeconds = 10 };

        TimeSpan delay = ProbeRules.FirstDelay(Enum.Parse<ProbeKind>(kind), probe, TimeSpan.FromSeconds(age), jitter: null);

        Assert.Equal(TimeSpan.FromSeconds(expected), delay);
    }

    [Theory]
    [InlineData(0, 0.3, 3)]
    [InlineData(100, 0.3, 40)]
    public void FirstDelay_ContainerOfAnEarlierDaemon_IsAPartOfThePeriod(int initialDelay, double jitter, int expected)
    {
        V1Probe probe = new() { InitialDelaySeconds = initialDelay, PeriodSeconds = 10 };

        TimeSpan delay = ProbeRules.FirstDelay(ProbeKind.Liveness, probe, TimeSpan.FromSeconds(60), jitter);

        Assert.Equal(TimeSpan.FromSeconds(expected), delay);
    }

    [Theory]
    [InlineData("SSS", 1, 3, "ooo")]
    [InlineData("SSS", 2, 3, ".oo")]
    [InlineData("FFFF", 1, 3, "..oo")]
    [InlineData("FFSFFF", 1, 3, "..o..o")]
    [InlineData("FSFSS", 2, 1, "o.o.o")]
    [InlineData("SFFF", 0, 0, "o..o")]
    public void Run_ResultsInARow_DecideAtTheirThreshold(
        string results, int successThreshold, int failureThreshold, string decided)
    {
        V1Probe probe = new() { SuccessThreshold = successThreshold, FailureThreshold = failureThreshold };
        ProbeRun run = default;

        string actual = string.Concat(results.Select(result =>
        {
            run = run.Next(result == 'S' ? ProbeResult.Success : ProbeResult.Failure);
            return run.Decides(probe) ? 'o' : '.';
        }));

        Assert.Equal(decided, actual);
    }
}
