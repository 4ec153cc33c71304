using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Runtime;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Fakes;

public sealed class FakeRuntimeConformanceTests : RuntimeConformance, IDisposable
{
    private readonly DirectoryInfo _logs = Directory.CreateTempSubdirectory("nd-");
    private readonly FakeRuntimeService _runtime = new(new TestClock());

    protected override IRuntimeService Runtime => _runtime;

    protected override IImageService Images => _runtime;

    protected override string Image => "image";

    protected override string LogDirectory => _logs.FullName;

    protected override string CgroupParent => string.Empty;

    public void Dispose() => _logs.Delete(recursive: true);

    protected override async Task RunToEndAsync(PodUid pod, ContainerId container, int exitCode)
    {
        await _runtime.StartContainerAsync(container, Token);
        _runtime.Exit(container, exitCode);
    }
}
