using System.Net;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>A port of the machine that leads to one of the container.</summary>
/// <param name="Protocol">IPPROTO_*.</param>
/// <param name="Address">The machine's address that it is limited to; null for all.</param>
/// <param name="IsV6">The version of IP that it is limited to by its address, also by an unspecified one; null for both.</param>
internal sealed record HostPort(byte Protocol, ushort Port, ushort ContainerPort, IPAddress? Address, bool? IsV6)
{
    internal const byte Tcp = 6;
    internal const byte Udp = 17;
    internal const byte Sctp = 132;

    internal bool IsFor(bool isV6) => IsV6 is null || IsV6 == isV6;

    public override string ToString() =>
        $"{(Address is null ? "" : $"{Address} ")}port {Port}/{NameOf(Protocol)}";

    private static string NameOf(byte protocol) => protocol switch
    {
        Tcp => "tcp",
        Udp => "udp",
        Sctp => "sctp",
        _ => $"protocol {protocol}",
    };
}
