using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Noded.Linux.Netlink.NfTables;

namespace Noded.Linux.Netlink.Conntrack;

/// <summary>Reads the kernel's list of connections.</summary>
internal static class ConntrackParser
{
    internal static ConntrackEntry? Parse(ReadOnlySpan<byte> payload)
    {
        Tuple original = default;
        Tuple reply = default;
        byte[] bytes = [];
        byte[] zone = [];
        byte[] id = [];
        AttributeReader<ConntrackAttribute> attributes =
            new(payload[Math.Min(Marshal.SizeOf<NetfilterHeader>(), payload.Length)..]);

        while (attributes.Read())
        {
            switch (attributes.Type)
            {
                case ConntrackAttribute.Original:
                    original = ParseTuple(attributes.Nested<TupleAttribute>());
                    bytes = attributes.Value.ToArray();
                    break;
                case ConntrackAttribute.Reply:
                    reply = ParseTuple(attributes.Nested<TupleAttribute>());
                    break;
                case ConntrackAttribute.Zone:
                    zone = attributes.Value.ToArray();
                    break;
                case ConntrackAttribute.Id:
                    id = attributes.Value.ToArray();
                    break;
            }
        }

        return original.Destination is IPAddress destination && reply.Source is IPAddress answering
            ? new ConntrackEntry(destination, original.Port, answering) { Original = bytes, Zone = zone, Id = id }
            : null;
    }

    private static Tuple ParseTuple(AttributeReader<TupleAttribute> attributes)
    {
        Tuple tuple = default;

        while (attributes.Read())
        {
            tuple = attributes.Type switch
            {
                TupleAttribute.Addresses => WithAddresses(tuple, attributes.Nested<TupleAddressAttribute>()),
                TupleAttribute.Transport => WithPort(tuple, attributes.Nested<TupleTransportAttribute>()),
                _ => tuple,
            };
        }

        return tuple;
    }

    private static Tuple WithAddresses(Tuple tuple, AttributeReader<TupleAddressAttribute> attributes)
    {
        while (attributes.Read())
        {
            // Foreign bytes must not become an exception.
            if (attributes.Value.Length is not (4 or 16))
            {
                continue;
            }

            tuple = attributes.Type switch
            {
                TupleAddressAttribute.SourceV4 or TupleAddressAttribute.SourceV6 =>
                    tuple with { Source = new IPAddress(attributes.Value) },
                TupleAddressAttribute.DestinationV4 or TupleAddressAttribute.DestinationV6 =>
                    tuple with { Destination = new IPAddress(attributes.Value) },
                _ => tuple,
            };
        }

        return tuple;
    }

    private static Tuple WithPort(Tuple tuple, AttributeReader<TupleTransportAttribute> attributes)
    {
        while (attributes.Read())
        {
            if (attributes.Type == TupleTransportAttribute.DestinationPort
                && BinaryPrimitives.TryReadUInt16BigEndian(attributes.Value, out ushort port))
            {
                return tuple with { Port = port };
            }
        }

        return tuple;
    }

    private readonly record struct Tuple(IPAddress? Source, IPAddress? Destination, ushort Port);
}
