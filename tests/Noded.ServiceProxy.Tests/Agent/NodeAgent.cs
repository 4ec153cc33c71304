using System.Globalization;
using System.Net;
using Noded.Bpf;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Agent;

/// <summary>The proxy's data path inside a sandbox, where the links are that it attaches to; by commands.</summary>
internal sealed class NodeAgent : IDisposable
{
    internal const uint MasqueradeMark = 0x4000;

    private readonly SocketDatapath _sockets;
    private readonly PacketDatapath _packets;
    private readonly GraceBarrier _barrier = new();
    private readonly ServiceTables _tables;

    public NodeAgent(string pins)
    {
        _sockets = SocketDatapath.Open(pins, ProxySandbox.SmallOptions);
        _packets = PacketDatapath.Open(pins, new PacketMarks(MasqueradeMark));
        _tables = new ServiceTables(_sockets.Maps, _barrier.Wait);
    }

    public string Execute(string[] words)
    {
        switch (words)
        {
            case ["attach", "pod", string link]:
                _packets.AttachPod(IndexOf(link));
                return "ok";
            case ["attach", "uplink", string link]:
                _packets.AttachUplink(IndexOf(link));
                return "ok";
            case ["local", string address]:
                _sockets.Maps.LocalAddresses.Set(new MapAddress(IPAddress.Parse(address)), 1);
                return "ok";
            case ["service", string protocol, string address, string nodePort, string backends]:
                ServicePort port = Plans.Port(
                    $"s-{protocol}-{address}", address, protocol == "udp" ? ServiceProtocol.Udp : ServiceProtocol.Tcp);
                _tables.Apply(Plans.Of(
                    port with { NodePort = ushort.Parse(nodePort, CultureInfo.InvariantCulture) },
                    backends.Split(',', StringSplitOptions.RemoveEmptyEntries)));
                return "ok";
            default:
                return $"error unknown command {words[0]}";
        }
    }

    public void Dispose()
    {
        _packets.Dispose();
        _sockets.Dispose();
        _barrier.Dispose();
    }

    private static int IndexOf(string link)
    {
        using RtNetlink netlink = RtNetlink.Open();
        return netlink.GetLink(link).Index;
    }
}
