using Grpc.Core;
using Noded.Kubelet.Images;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Images;
using Prometheus;
using Cri = Noded.Protocols.Cri.V1;

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

    /// <summary>As after a start that containerd went on with when its client had died.</summary>
    [Fact]
    public async Task Remove_ContainerRunsAndCriDoesNotKnow_EndsItFirst()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");
        (await fixture.Containerd.CtrAsync(Token, "tasks", "start", "--detach", "--null-io", id.Value)).OrThrow();
        Cri.RuntimeService.RuntimeServiceClient cri = new(fixture.Containerd.Channel);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => cri.RemoveContainerAsync(
            new Cri.RemoveContainerRequest { ContainerId = id.Value }, cancellationToken: Token).ResponseAsync);
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);

        await Runtime.RemoveContainerAsync(id, Token);

        Assert.DoesNotContain(
            id.Value, (await fixture.Containerd.CtrAsync(Token, "tasks", "list", "--quiet")).OrThrow().Output, StringComparison.Ordinal);
        Assert.DoesNotContain(await Runtime.ListContainersAsync(null, Token), container => container.Id == id);
        await RemoveAsync(sandbox);
    }

    protected override async Task RunToEndAsync(PodUid pod, ContainerId container, int exitCode)
    {
        ContainerdEvents events = new(fixture.Containerd.Channel.CreateCallInvoker());
        await using IAsyncEnumerator<RuntimeEvent> stream = events.SubscribeAsync(Token).GetAsyncEnumerator(Token);
        Task<bool> next = stream.MoveNextAsync().AsTask();
        await Runtime.StartContainerAsync(container, Token);
        while (await next && (stream.Current.Type, stream.Current.Container) != (RuntimeEventType.Exited, container))
        {
            next = stream.MoveNextAsync().AsTask();
        }

        Assert.InRange((TimeProvider.System.GetUtcNow() - stream.Current.Time!.Value).TotalSeconds, -1, 60);

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
