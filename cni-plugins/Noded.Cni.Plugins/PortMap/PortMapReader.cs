using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Noded.Cni.Results;
using Noded.Primitives;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>What a request asks for, checked; pure.</summary>
internal static class PortMapReader
{
    /// <exception cref="CniException">Something is wrong, or asks for what we cannot do.</exception>
    internal static PortMapConfig ReadConfig(CniRequest request)
    {
        PortMapConfig config = request.Read(PortMapJson.Default.PortMapConfig);
        Refuse("conditionsV4", config.ConditionsV4);
        Refuse("conditionsV6", config.ConditionsV6);

        return string.IsNullOrEmpty(config.ExternalSetMarkChain)
            ? config
            : throw Unsupported("externalSetMarkChain", $"\"{config.ExternalSetMarkChain}\"");
    }

    /// <summary>The ports that are to be mapped; entries without a host port are none.</summary>
    internal static IReadOnlyList<HostPort> ReadPorts(PortMapConfig config)
    {
        List<HostPort> ports = [];

        foreach (PortMapping mapping in config.RuntimeConfig?.PortMappings ?? [])
        {
            CheckRange("hostPort", mapping.HostPort, least: 0);

            if (mapping.HostPort == 0)
            {
                continue;
            }

            CheckRange("containerPort", mapping.ContainerPort, least: 1);
            HostPort port = Read(mapping);

            // Runtimes repeat themselves; but one port cannot lead to two.
            if (ports.Find(known => known with { ContainerPort = port.ContainerPort } == port) is not HostPort known)
            {
                ports.Add(port);
            }
            else if (known.ContainerPort != port.ContainerPort)
            {
                throw Invalid($"host {port} is mapped to container port {known.ContainerPort} and {port.ContainerPort}");
            }
        }

        return ports;
    }

    /// <summary>The container's first address of each version of IP.</summary>
    internal static IReadOnlyList<IPPrefix> ReadAddresses(CniResult previous, string interfaceName) =>
        [.. (previous.Ips ?? [])
            .Where(ip => IsOfContainer(ip, previous.Interfaces ?? [], interfaceName))
            .Select(ip => ip.Address)
            .DistinctBy(address => address.IsV6)];

    /// <summary>Addresses that name no interface are the container's, as before interfaces had numbers.</summary>
    private static bool IsOfContainer(CniAddress ip, IReadOnlyList<CniInterface> interfaces, string interfaceName) =>
        ip.Interface is not int index
        || index < 0
        || index >= interfaces.Count
        || (interfaces[index].Name == interfaceName && !string.IsNullOrEmpty(interfaces[index].Sandbox));

    private static HostPort Read(PortMapping mapping)
    {
        byte protocol = mapping.Protocol?.ToUpperInvariant() switch
        {
            "TCP" => HostPort.Tcp,
            "UDP" => HostPort.Udp,
            "SCTP" => HostPort.Sctp,
            _ => throw Invalid($"protocol \"{mapping.Protocol}\" of host port {mapping.HostPort} is none of tcp, udp, sctp"),
        };

        IPAddress? address = null;

        if (!string.IsNullOrEmpty(mapping.HostIP) && !IPAddressText.TryParse(mapping.HostIP, out address))
        {
            throw Invalid($"hostIP \"{mapping.HostIP}\" of host port {mapping.HostPort} is no address");
        }

        bool? isV6 = address is null ? null : address.AddressFamily == AddressFamily.InterNetworkV6;
        bool isAny = address is not null && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));
        return new HostPort(
            protocol, (ushort)mapping.HostPort, (ushort)mapping.ContainerPort, isAny ? null : address, isV6);
    }

    private static void CheckRange(string key, int port, int least)
    {
        if (port < least || port > ushort.MaxValue)
        {
            throw Invalid($"{key} {port} is not between {least} and {ushort.MaxValue}");
        }
    }

    private static void Refuse(string key, JsonElement value)
    {
        if (value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null)
            && !(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0))
        {
            throw Unsupported(key, value.GetRawText());
        }
    }

    private static CniException Unsupported(string key, string value) => new(
        CniErrorCode.UnsupportedField,
        $"unsupported field: {key} = {value}",
        "ports are mapped with nf_tables, which does not know iptables' conditions and chains");

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidNetworkConfig, message);
}
