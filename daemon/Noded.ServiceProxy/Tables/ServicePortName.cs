using System.Net.Sockets;
using Noded.Primitives;

namespace Noded.ServiceProxy.Tables;

/// <summary>The protocols of Services, with their IP protocol numbers.</summary>
public enum ServiceProtocol : byte
{
    Tcp = 6,
    Udp = 17,
    Sctp = 132,
}

/// <summary>One port of a Service in one address family; prints as <c>namespace/name:port</c> with its protocol.</summary>
public readonly record struct ServicePortName(
    NamespacedName Service, string Port, ServiceProtocol Protocol, AddressFamily Family)
{
    public override string ToString()
    {
        string port = Port.Length > 0 ? $"{Service}:{Port}" : Service.ToString();
        string version = Family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
        return $"{port} {version} {Protocol.ToString().ToUpperInvariant()}";
    }
}
