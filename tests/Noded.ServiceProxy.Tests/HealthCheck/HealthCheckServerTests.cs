using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Primitives;
using Noded.ServiceProxy.HealthCheck;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.HealthCheck;

public sealed class HealthCheckServerTests : IDisposable
{
    private readonly HealthCheckServer _server = new(TimeProvider.System, NullLogger<HealthCheckServer>.Instance);
    private readonly HttpClient _client = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2, HttpStatusCode.OK)]
    [InlineData(0, HttpStatusCode.ServiceUnavailable)]
    public async Task Update_LocalEndpoints_DecideTheAnswer(int endpoints, HttpStatusCode expected)
    {
        ushort port = FreePort();
        _server.Update(Health(port, endpoints));

        using HttpResponseMessage response = await _client.GetAsync($"http://127.0.0.1:{port}/healthz", Token);

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal([$"{endpoints}"], response.Headers.GetValues("X-Load-Balancing-Endpoint-Weight"));
        Assert.Equal(
            $$"""{"service":{"namespace":"default","name":"web"},"localEndpoints":{{endpoints}},"serviceProxyHealthy":true}""",
            await response.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    public async Task Update_EndpointsChange_TheSameListenerSaysSo()
    {
        ushort port = FreePort();
        _server.Update(Health(port, 0));
        using HttpResponseMessage before = await _client.GetAsync($"http://127.0.0.1:{port}/", Token);
        _server.Update(Health(port, 1));

        using HttpResponseMessage after = await _client.GetAsync($"http://127.0.0.1:{port}/", Token);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (before.StatusCode, after.StatusCode));
    }

    [Fact]
    public async Task Update_ServiceGone_NobodyAnswers()
    {
        ushort port = FreePort();
        _server.Update(Health(port, 1));

        _server.Update(ImmutableDictionary<ushort, ServiceHealth>.Empty);

        using TcpClient client = new();
        await Assert.ThrowsAsync<SocketException>(() => client.ConnectAsync(IPAddress.Loopback, port, Token).AsTask());
    }

    [Fact]
    public async Task Update_PortIsTaken_OthersAreServedAllTheSame()
    {
        using TcpListener other = TcpListener.Create(0);
        other.Start();
        ushort taken = (ushort)((IPEndPoint)other.LocalEndpoint).Port;
        ushort free = FreePort();

        _server.Update(Health(taken, 1).Add(free, new ServiceHealth(new NamespacedName("default", "web"), free, 1)));

        using HttpResponseMessage response = await _client.GetAsync($"http://127.0.0.1:{free}/", Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public void Compute_EndpointWithSeveralPorts_CountsOnceAndTerminatingNotAtAll()
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with
        {
            IsExternallyLocal = true,
            NodePort = 30080,
            HealthCheckNodePort = 32000,
        };
        ServicePort second = port with { Name = port.Name with { Port = "admin" }, Port = 81 };
        ImmutableArray<Endpoint> endpoints =
        [
            .. Plans.Ready("10.0.0.1:80", "10.0.0.2:80"),
            .. Plans.Ready("10.0.0.3:80").Select(endpoint => endpoint with { IsReady = false, IsTerminating = true }),
            Plans.Endpoint("10.0.0.4:80") with { NodeName = "node-2" },
        ];

        ServiceHealth health = Assert.Single(ServiceHealth.Compute(
        [
            ServicePlan.Compute(port, endpoints, Plans.Node),
            ServicePlan.Compute(second, endpoints, Plans.Node),
            Plans.Of("other", "10.96.0.2:80", "10.0.0.1:80"),
        ])).Value;

        Assert.Equal(("default/web", (ushort)32000, 2), (health.Service.ToString(), health.Port, health.LocalEndpoints));
    }

    [Fact]
    public void Compute_PolicyCluster_HasNoHealthCheck() => Assert.Empty(ServiceHealth.Compute(
        [Plans.Of(Plans.Port("web", "10.96.0.1:80") with { HealthCheckNodePort = 32000 }, "10.0.0.1:80")]));

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    private static ImmutableDictionary<ushort, ServiceHealth> Health(ushort port, int endpoints) =>
        ImmutableDictionary<ushort, ServiceHealth>.Empty.Add(
            port, new ServiceHealth(new NamespacedName("default", "web"), port, endpoints));

    private static ushort FreePort()
    {
        using TcpListener listener = TcpListener.Create(0);
        listener.Start();
        return (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
