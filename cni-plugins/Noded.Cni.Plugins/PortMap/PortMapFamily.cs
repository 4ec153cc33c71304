using System.Net;
using Noded.Linux.Netlink.NfTables;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>The maps and sets of one version of IP.</summary>
internal sealed record PortMapFamily(bool IsV6)
{
    private NfFieldType AddressType => NfFieldType.Address(IsV6);

    internal int AddressLength => IsV6 ? 16 : 4;

    /// <summary>Protocol and port of any of the machine's addresses, to the container's address and port.</summary>
    internal NfSet Ports => new($"ports{Digit}", [NfFieldType.Protocol, NfFieldType.Port])
    {
        Values = [AddressType, NfFieldType.Port],
    };

    /// <summary>The same for one of the machine's addresses.</summary>
    internal NfSet AddressPorts =>
        new($"address-ports{Digit}", [AddressType, NfFieldType.Protocol, NfFieldType.Port])
        {
            Values = [AddressType, NfFieldType.Port],
        };

    /// <summary>By port: sources that must not be seen, because the container would not answer through the machine.</summary>
    internal NfSet Sources =>
        new($"sources{Digit}", [NfFieldType.Protocol, NfFieldType.Port, AddressType]) { IsInterval = true };

    /// <summary>The same for one of the machine's addresses.</summary>
    internal NfSet AddressSources =>
        new($"address-sources{Digit}", [AddressType, NfFieldType.Protocol, NfFieldType.Port, AddressType])
        {
            IsInterval = true,
        };

    private int Digit => IsV6 ? 6 : 4;

    internal NfSet PortsFor(IPAddress? hostAddress) => hostAddress is null ? Ports : AddressPorts;

    internal NfSet SourcesFor(IPAddress? hostAddress) => hostAddress is null ? Sources : AddressSources;
}
