using Noded.Kubelet.Images;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Images;
using Prometheus;

namespace Noded.Kubelet.Tests.Runtime.Containerd;

/// <summary>Through CRI on a real containerd in a sandbox, one for all tests.</summary>
[Trait("Category", "Integration")]
public sealed class ContainerdConformanceTests(ContainerdConformanceTests.Fixture fixture)
    : RuntimeConformance, IClassFixture<ContainerdConformanceTests.Fixture>
{
    protected override IRuntimeService Runtime => fixture.Runtime;

    protected override IImageService Images => fixture.Runtime;

    protected override string Image => "noded.internal/testimage:1";

    protected override string LogDirectory => Path.Combine(fixture.Containerd.Directory, "logs");

    protected override string CgroupParent => "/" + fixture.Containerd.CgroupPrefix;

    protected override async Task RunToEndAsync(PodUid pod, ContainerId container, int exitCode)
    {
        ContainerdEvents events = new(fixture.Containerd.Channel.CreateCallInvoker());
        await using IAsyncEnumerator<RuntimeEvent> stream = events.SubscribeAsync(Token).GetAsyncEnumerator(Token);
        Task<bool> next = stream.MoveNextAsync().AsTask();
        await Runtime.StartContainerAsync(container, Token);
        while (await next && stream.Current != new RuntimeEvent(RuntimeEventType.Exited, container))
        {
            next = stream.MoveNextAsync().AsTask();
        }

        // CRI follows the event a moment later.
        await new PodInspector(Runtime, TimeProvider.System).InspectAsync(pod, [container], Token);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal ContainerdInstance Containerd { get; private set; } = null!;

        internal RuntimeService Runtime { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            CancellationToken token = TestContext.Current.CancellationToken;
            Containerd = await ContainerdInstance.StartAsync(token);
            BuiltImages built = await BuiltImages.BuildAsync(Containerd.Directory, token);
            ContainerdImageImporter importer = new(Containerd.Channel.CreateCallInvoker(), TimeProvider.System);
            await importer.ImportAsync(built.Pause, pinned: true, token);
            await importer.ImportAsync(built.TestImage, pinned: false, token);
            Runtime = new RuntimeService(
                Containerd.Channel.CreateCallInvoker(),
                new RuntimeMetrics(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry())),
                TimeProvider.System);
        }

        public async ValueTask DisposeAsync()
        {
            if (Containerd is not null)
            {
                await Containerd.DisposeAsync();
            }
        }
    }
}
