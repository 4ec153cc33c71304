using System.Net;
using Noded.Linux.Netlink.NfTables;
using Noded.Primitives;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>An element and where it belongs.</summary>
internal sealed record PortMapElement(PortMapFamily Family, NfSet Set, NfElement Element)
{
    private static readonly IPPrefix Loopback = IPPrefix.Parse("127.0.0.0/8");

    /// <summary>All elements of one container's ports; pure.</summary>
    /// <param name="addresses">One of each version of IP at most, with the length of its network.</param>
    internal static IReadOnlyList<PortMapElement> Compute(
        string label, PortMapConfig config, IReadOnlyList<HostPort> ports, IReadOnlyList<IPPrefix> addresses)
    {
        List<PortMapElement> elements = [];

        foreach (IPPrefix address in addresses)
        {
            PortMapFamily family = PortMapTable.Of(address.IsV6);

            foreach (HostPort port in ports.Where(port => port.IsFor(address.IsV6)))
            {
                NfKey key = KeyOf(port);
                NfKey target = NfKey.Of(address.Address).Then(NfKey.OfPort(port.ContainerPort));
                elements.Add(new(
                    family, family.PortsFor(port.Address), new NfElement(key, Value: target, Comment: label)));
                elements.AddRange(SourcesOf(config, port, address).Select(source => new PortMapElement(
                    family,
                    family.SourcesFor(port.Address),
                    new NfElement(
                        key.Then(NfKey.Of(source.Network.Address)),
                        KeyEnd: key.Then(NfKey.Of(LastOf(source))),
                        Comment: label))));
            }
        }

        return elements;
    }

    /// <summary>Whether connections to a port from 127.0.0.1 are to reach the container.</summary>
    internal static bool IsForLoopback(PortMapConfig config, HostPort port) =>
        config.Snat != false && port.IsFor(isV6: false) && (port.Address is null || IPAddress.IsLoopback(port.Address));

    /// <summary>The machine's UDP port that an element maps; null when it does something else.</summary>
    internal (IPAddress? HostAddress, ushort Port, IPAddress Target)? TryGetUdp()
    {
        bool hasAddress = Set.Name == Family.AddressPorts.Name;
        int start = hasAddress ? Family.AddressLength : 0;

        return (hasAddress || Set.Name == Family.Ports.Name)
            && Element.Key.Bytes.Length > start
            && Element.Key.Bytes[start] == HostPort.Udp
            && Element.Key.TryGetPort(start + sizeof(uint)) is ushort port
            && Element.Value?.TryGetAddress(0, Family.IsV6) is IPAddress target
                ? (hasAddress ? Element.Key.TryGetAddress(0, Family.IsV6) : null, port, target)
                : null;
    }

    /// <summary>The port of the machine that an element is about, as messages name it.</summary>
    internal string Describe()
    {
        bool hasAddress = Set.Name == Family.AddressPorts.Name || Set.Name == Family.AddressSources.Name;
        int start = hasAddress ? Family.AddressLength : 0;
        IPAddress? address = hasAddress ? Element.Key.TryGetAddress(0, Family.IsV6) : null;
        byte protocol = Element.Key.Bytes.Length > start ? Element.Key.Bytes[start] : (byte)0;
        ushort port = Element.Key.TryGetPort(start + sizeof(uint)) ?? 0;
        return new HostPort(protocol, port, ContainerPort: 0, address, Family.IsV6).ToString();
    }

    private static NfKey KeyOf(HostPort port)
    {
        NfKey key = NfKey.OfProtocol(port.Protocol).Then(NfKey.OfPort(port.Port));
        return port.Address is IPAddress address ? NfKey.Of(address).Then(key) : key;
    }

    /// <summary>Whose connections get the machine's address, as the answer would else not come by here.</summary>
    private static IEnumerable<IPPrefix> SourcesOf(PortMapConfig config, HostPort port, IPPrefix address)
    {
        if (config.Snat == false)
        {
            yield break;
        }

        if (config.MasqAll)
        {
            yield return new IPPrefix(address.IsV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
            yield break;
        }

        // Neighbours answer one another directly, and the container itself does not answer itself.
        yield return address.Network;

        if (address.IsV4 && IsForLoopback(config, port) && !address.Overlaps(Loopback))
        {
            yield return Loopback;
        }
    }

    private static IPAddress LastOf(IPPrefix prefix)
    {
        byte[] bytes = prefix.Network.Address.GetAddressBytes();

        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] |= (byte)(0xff >> Math.Clamp(prefix.Length - (8 * i), 0, 8));
        }

        return new IPAddress(bytes);
    }
}
