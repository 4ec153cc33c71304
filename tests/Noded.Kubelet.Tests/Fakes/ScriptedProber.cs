using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Probes;

namespace Noded.Kubelet.Tests.Fakes;

/// <summary>Answers a probe as its test says. Safe for use from many threads.</summary>
internal sealed class ScriptedProber : IProber
{
    private ImmutableArray<string> _calls = [];

    /// <summary>By the probe, whose handler a test uses as its name.</summary>
    public Func<ProbeTarget, V1Probe, CancellationToken, Task<ProbeOutcome>> Answer { get; set; } =
        (_, _, _) => Task.FromResult(ProbeOutcome.Success("fine"));

    /// <summary>One <c>container kind</c> for each attempt.</summary>
    public ImmutableArray<string> Calls => _calls;

    public void Say(ProbeVerdict verdict, string output = "as told") =>
        Answer = (_, _, _) => Task.FromResult(new ProbeOutcome(verdict, output));

    public Task<ProbeOutcome> ProbeAsync(ProbeTarget target, V1Probe probe, CancellationToken cancellationToken)
    {
        ProbeKind kind = Enum.GetValues<ProbeKind>().First(kind => target.TryGetProbe(kind) == probe);
        ImmutableInterlocked.Update(ref _calls, calls => calls.Add($"{target.Container.Name} {kind}"));
        return Answer(target, probe, cancellationToken);
    }
}
