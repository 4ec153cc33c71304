using System.Collections.Immutable;
using System.Globalization;
using Grpc.Core;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Runtime;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Fakes;

public sealed class FakeRuntimeConformanceTests : RuntimeConformance, IDisposable
{
    private readonly DirectoryInfo _logs = Directory.CreateTempSubdirectory("nd-");
    private readonly FakeRuntimeService _runtime = new(new TestClock()) { OnExec = Exec };

    protected override IRuntimeService Runtime => _runtime;

    protected override IImageService Images => _runtime;

    protected override string Image => "image";

    protected override string LogDirectory => _logs.FullName;

    protected override string CgroupParent => string.Empty;

    public void Dispose() => _logs.Delete(recursive: true);

    /// <summary>The test image's commands, as far as the suite runs them in a container.</summary>
    private static ExecResult? Exec(string container, ImmutableArray<string> command) => command switch
    {
        ["/testimage", "exit", string code] => new ExecResult(int.Parse(code, CultureInfo.InvariantCulture), default, default),
        ["/testimage", "log", "2", "1"] => new ExecResult(0, "out 1 \n"u8.ToArray(), "err 2 \n"u8.ToArray()),
        ["/testimage", "sleep", _] => null,
        _ => throw new RuntimeCallException("exec_sync", "fake", StatusCode.Unknown, $"no command {command[0]}"),
    };

    protected override async Task RunToEndAsync(PodUid pod, ContainerId container, int exitCode)
    {
        await _runtime.StartContainerAsync(container, Token);
        _runtime.Exit(container, exitCode);
    }
}
