using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.Benchmarks.Proxy;

/// <summary>
/// Services of four endpoints each, by number. Every endpoint answers: the sandbox takes all of <see cref="BackendRange"/>
/// for its own.
/// </summary>
internal static class BenchmarkServices
{
    internal const string ServiceRange = "10.96.0.0/12";
    internal const string BackendRange = "10.128.0.0/10";

    /// <summary>Whence clients ask Services when nothing translates before a route is chosen; no endpoint's.</summary>
    internal const string ClientAddress = "10.191.0.1";
    internal const int Endpoints = 4;
    internal const ushort Port = 80;
    internal const ushort BackendPort = 8080;

    private const int HostsPerNet = 250;
    private const int NetsPerOctet = 250;
    private const byte ServiceOctet = 96;
    private const byte BackendOctet = 128;

    private static readonly NodeTopology Node = new("node-1", "zone-a");

    internal static IPAddress ServiceAddress(int service) => Address(ServiceOctet, service);

    internal static IPAddress BackendAddress(int backend) => Address(BackendOctet, backend);

    internal static IPEndPoint Frontend(int service) => new(ServiceAddress(service), Port);

    internal static IPEndPoint Backend(int backend) => new(BackendAddress(backend), BackendPort);

    /// <summary>The plan of a Service.</summary>
    /// <param name="version">Each has one endpoint that the version before did not have, and lacks one of its.</param>
    internal static ServicePlan Plan(int service, int version = 0)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"svc-{service}");
        ServicePortName port = new(
            new NamespacedName("bench", name), "", ServiceProtocol.Tcp, AddressFamily.InterNetwork);
        return ServicePlan.Compute(
            new ServicePort(port, ServiceAddress(service), Port),
            [.. Enumerable.Range((service * Endpoints) + version, Endpoints).Select(Endpoint)],
            Node);
    }

    private static Endpoint Endpoint(int backend) =>
        new(new Backend(BackendAddress(backend), BackendPort)) { NodeName = "node-2" };

    private static IPAddress Address(byte first, int number) => new(
    [
        10,
        (byte)(first + (number / (NetsPerOctet * HostsPerNet))),
        (byte)(number / HostsPerNet % NetsPerOctet),
        (byte)((number % HostsPerNet) + 1),
    ]);
}
