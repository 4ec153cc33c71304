using System.Net;

namespace Noded.ServiceProxy.Tests.Packets;

/// <summary>What the programs shall do, said once more and without bytes: Services with one backend each.</summary>
internal sealed class PacketModel(IReadOnlyDictionary<(IPEndPoint Service, byte Protocol), IPEndPoint?> services)
{
    private readonly Dictionary<(IPEndPoint, IPEndPoint, byte), IPEndPoint> _backends = [];
    private readonly Dictionary<(IPEndPoint, IPEndPoint, byte), IPEndPoint> _services = [];

    /// <summary>Towards a Service; null when it is dropped.</summary>
    public Packet? Forward(Packet packet)
    {
        if (packet.Quoted is Packet quoted)
        {
            return _backends.TryGetValue((quoted.Target, quoted.Source, quoted.Protocol), out IPEndPoint? server)
                ? packet with
                {
                    Quoted = quoted with { Source = server },
                    Target = packet.Target.Address.Equals(quoted.Source.Address)
                        ? new IPEndPoint(server.Address, 0)
                        : packet.Target,
                }
                : packet;
        }

        if (packet.Fragment != 0 || !services.TryGetValue((packet.Target, packet.Protocol), out IPEndPoint? backend))
        {
            return packet;
        }

        if (backend is null)
        {
            return null;
        }

        _backends[(packet.Source, packet.Target, packet.Protocol)] = backend;
        _services[(packet.Source, backend, packet.Protocol)] = packet.Target;
        return packet with { Target = backend };
    }

    /// <summary>Towards a client.</summary>
    public Packet Reverse(Packet packet)
    {
        if (packet.Quoted is Packet quoted)
        {
            return _services.TryGetValue((quoted.Source, quoted.Target, quoted.Protocol), out IPEndPoint? known)
                ? packet with
                {
                    Quoted = quoted with { Target = known },
                    Source = packet.Source.Address.Equals(quoted.Target.Address)
                        ? new IPEndPoint(known.Address, 0)
                        : packet.Source,
                }
                : packet;
        }

        return packet.Fragment == 0
            && _services.TryGetValue((packet.Target, packet.Source, packet.Protocol), out IPEndPoint? service)
                ? packet with { Source = service }
                : packet;
    }
}
