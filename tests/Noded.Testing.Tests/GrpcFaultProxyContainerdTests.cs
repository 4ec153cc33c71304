using System.Text;
using Grpc.Core;
using Grpc.Net.Client;

namespace Noded.Testing.Tests;

/// <summary>The proxy between a .NET or Go client and a Go server.</summary>
[Trait("Category", "Integration")]
[Collection(nameof(WholeMachine))]
public sealed class GrpcFaultProxyContainerdTests : IAsyncLifetime
{
    private const string Version = "/containerd.services.version.v1.Version/Version";

    private NodeSandbox _sandbox = null!;
    private GrpcFaultProxy _proxy = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string ProxySocket => _sandbox.Paths.Under("proxy.sock");

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Program("unshare", "nsenter", "containerd", "ctr");
        _sandbox = await NodeSandbox.CreateAsync(Token);
        SandboxContainerd containerd = await SandboxContainerd.StartAsync(_sandbox, Token);
        _proxy = await GrpcFaultProxy.StartAsync(ProxySocket, containerd.Socket, TimeProvider.System, Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        if (_sandbox is not null)
        {
            await _sandbox.DisposeAsync();
        }
    }

    [Fact]
    public async Task Version_ThroughTheProxy_IsContainerds()
    {
        byte[] answer = await AskVersionAsync();

        Assert.Contains("1.6.", Encoding.UTF8.GetString(answer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_FailAfterSuccess_IsTheInjectedStatus()
    {
        _proxy.Add(Version, new GrpcFault.FailAfterSuccess(StatusCode.DeadlineExceeded));

        RpcException e = await Assert.ThrowsAsync<RpcException>(AskVersionAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, e.StatusCode);
    }

    [Fact]
    public async Task Ctr_ThroughTheProxy_WorksAndSeesInjectedErrors()
    {
        ProgramResult works = await CtrAsync("namespaces", "create", "through-the-proxy");
        ProgramResult lists = await CtrAsync("namespaces", "list");
        ProgramResult missing = await CtrAsync("containers", "info", "none");
        GrpcFault made = new GrpcFault.Fail(StatusCode.Internal, "made up");
        _proxy.Add("/containerd.services.namespaces.v1.Namespaces/List", made);
        ProgramResult fails = await CtrAsync("namespaces", "list");

        works.OrThrow();
        Assert.Contains("through-the-proxy", lists.OrThrow().Output, StringComparison.Ordinal);
        Assert.Contains("not found", missing.Error, StringComparison.Ordinal);
        Assert.Contains("made up", fails.Error, StringComparison.Ordinal);
    }

    private Task<ProgramResult> CtrAsync(params string[] arguments) =>
        _sandbox.RunAsync("ctr", ["--address", ProxySocket, .. arguments], Token);

    private async Task<byte[]> AskVersionAsync()
    {
        using GrpcChannel channel = EchoFixture.Connect(ProxySocket);
        Marshaller<byte[]> bytes = EchoMethods.Unary.RequestMarshaller;
        Method<byte[], byte[]> method =
            new(MethodType.Unary, "containerd.services.version.v1.Version", "Version", bytes, bytes);
        return await channel.CreateCallInvoker()
            .AsyncUnaryCall(method, null, new CallOptions(cancellationToken: Token), []);
    }
}
