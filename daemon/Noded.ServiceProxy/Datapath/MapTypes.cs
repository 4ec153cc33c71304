using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Noded.ServiceProxy.Datapath;

/// <summary>An address as the programs see it: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct MapAddress
{
    private readonly uint _0;
    private readonly uint _1;
    private readonly uint _2;
    private readonly uint _3;

    public MapAddress(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            // Not by MapToIPv6, which makes an object.
            bytes.Clear();
            bytes[10] = bytes[11] = 0xff;
            address.TryWriteBytes(bytes[12..], out _);
        }
        else
        {
            address.TryWriteBytes(bytes, out _);
        }

        _0 = MemoryMarshal.Read<uint>(bytes);
        _1 = MemoryMarshal.Read<uint>(bytes[4..]);
        _2 = MemoryMarshal.Read<uint>(bytes[8..]);
        _3 = MemoryMarshal.Read<uint>(bytes[12..]);
    }

    public IPAddress ToIPAddress()
    {
        byte[] bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<uint>([_0, _1, _2, _3])).ToArray();
        IPAddress address = new(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }
}

/// <summary>A 16-bit number in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct BigEndian16
{
    private readonly ushort _value;

    public BigEndian16(ushort value) => _value = Swap(value);

    public ushort Value => Swap(_value);

    private static ushort Swap(ushort value) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;
}

/// <summary>struct frontend_key of bpf/include/node/service_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FrontendKey
{
    private readonly MapAddress _addr;
    private readonly BigEndian16 _port;
    private readonly byte _proto;
    private readonly byte _kind;

    /// <param name="address">Null for a node port, which is known by its family alone.</param>
    public FrontendKey(IPAddress? address, AddressFamily family, ushort port, byte protocol)
    {
        IPAddress any = family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        _addr = new MapAddress(address ?? any);
        _port = new BigEndian16(port);
        _proto = protocol;
        _kind = address is null ? (byte)1 : (byte)0;
    }

    public override string ToString()
    {
        string protocol = _proto == 17 ? "UDP" : "TCP";
        IPAddress address = _addr.ToIPAddress();
        return _kind == 1
            ? $"node port {_port.Value}/{protocol} {(address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4")}"
            : $"{new IPEndPoint(address, _port.Value)}/{protocol}";
    }
}

/// <summary>FRONTEND_* of bpf/include/node/service_types.h.</summary>
[Flags]
internal enum FrontendFlags : uint
{
    None = 0,
    Affinity = 0x01,
    SourceRanges = 0x02,
    InternalLocal = 0x04,
    ExternalLocal = 0x08,
    InternalDrop = 0x10,
    ExternalDrop = 0x20,
}

/// <summary>A list's word: where its slots begin, how many there are, and the tag that they bear.</summary>
internal readonly record struct ListWord(ulong Value)
{
    public ListWord(uint first, int count, ushort tag)
        : this(first | ((ulong)(ushort)count << 32) | ((ulong)tag << 48))
    {
    }

    public static ListWord Empty => default;

    public uint First => (uint)Value;

    public int Count => (ushort)(Value >> 32);

    public ushort Tag => (ushort)(Value >> 48);
}

/// <summary>struct frontend of bpf/include/node/service_types.h; an element of a mapped array, so it is written in place.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FrontendEntry
{
    public FrontendKey Key;
    public uint Service;
    public FrontendFlags Flags;
    public uint AffinitySeconds;
    public ulong Internal;
    public ulong External;
    private readonly ulong _reserved0;
    private readonly ulong _reserved1;
}

/// <summary>struct backend of bpf/include/node/service_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BackendEntry
{
    public const ulong InCluster = 1ul << 32;
    public const ulong InLocal = 1ul << 33;

    public MapAddress Address;
    public BigEndian16 Port;
    private readonly ushort _reserved;
    public uint Service;
    public ulong State;

    public static uint GenerationOf(ulong state) => (uint)state;
}

/// <summary>struct affinity_key of bpf/include/node/service_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct AffinityKey(uint Service, MapAddress Client);

/// <summary>struct affinity of bpf/include/node/service_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct AffinityEntry(ulong Backend, ulong LastUsed);

/// <summary>struct source_range_key of bpf/include/node/service_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SourceRangeKey
{
    private const int ServiceBits = 32;
    private const int MappedBits = 96;

    private readonly uint _prefixLength;
    private readonly uint _service;
    private readonly MapAddress _addr;

    public SourceRangeKey(uint service, Primitives.IPPrefix range)
    {
        _prefixLength = (uint)(ServiceBits + (range.IsV6 ? 0 : MappedBits) + range.Length);
        _service = service;
        _addr = new MapAddress(range.Network.Address);
    }

    public uint Service => _service;
}

/// <summary>CLIENT_* of bpf/include/node/service_types.h.</summary>
[Flags]
internal enum ClientFlags : uint
{
    None = 0,
    Host = 1,
    PacketTcp = 2,
    PacketUdp = 4,
}

/// <summary>struct client of bpf/include/node/service_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ClientEntry
{
    private readonly ClientFlags _flags;
    private readonly uint _addr4;
    private readonly MapAddress _addr6;

    public ClientEntry(ClientFlags flags, IPAddress? v4, IPAddress? v6)
    {
        _flags = flags;
        _addr4 = v4 is null ? 0 : MemoryMarshal.Read<uint>(v4.GetAddressBytes());
        _addr6 = v6 is null ? default : new MapAddress(v6);
    }
}

/// <summary>struct flow_key of bpf/include/node/service_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FlowKey
{
    private readonly MapAddress _client;
    private readonly MapAddress _peer;
    private readonly BigEndian16 _clientPort;
    private readonly BigEndian16 _peerPort;
    private readonly byte _proto;
    private readonly byte _isReply;
    private readonly ushort _reserved;

    public FlowKey(IPEndPoint client, IPEndPoint peer, byte protocol, bool isReply)
    {
        (_client, _peer) = (new MapAddress(client.Address), new MapAddress(peer.Address));
        (_clientPort, _peerPort) = (new BigEndian16((ushort)client.Port), new BigEndian16((ushort)peer.Port));
        (_proto, _isReply) = (protocol, isReply ? (byte)1 : (byte)0);
        _reserved = 0;
    }
}

/// <summary>struct flow of bpf/include/node/service_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FlowEntry
{
    private readonly MapAddress _addr;
    private readonly BigEndian16 _port;
    private readonly ushort _reserved;
    private readonly uint _service;
    private readonly uint _backend;
    private readonly uint _generation;

    public FlowEntry(IPEndPoint target, uint service, uint backend, uint generation)
    {
        (_addr, _port) = (new MapAddress(target.Address), new BigEndian16((ushort)target.Port));
        _reserved = 0;
        (_service, _backend, _generation) = (service, backend, generation);
    }

    public uint Backend => _backend;

    public uint Generation => _generation;

    public IPEndPoint Target => new(_addr.ToIPAddress(), _port.Value);
}

/// <summary>struct event of bpf/include/node/service_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct EventEntry
{
    private readonly ulong _time;
    private readonly MapAddress _client;
    private readonly MapAddress _target;
    private readonly MapAddress _backend;
    private readonly BigEndian16 _clientPort;
    private readonly BigEndian16 _targetPort;
    private readonly BigEndian16 _backendPort;
    private readonly byte _proto;
    private readonly byte _reason;
    private readonly uint _hook;
    private readonly uint _reserved;

    /// <summary>Since boot, time asleep included.</summary>
    public TimeSpan Time => TimeSpan.FromTicks((long)(_time / 100));

    /// <summary>Unspecified when the programs do not know it.</summary>
    public IPEndPoint Client => new(_client.ToIPAddress(), _clientPort.Value);

    public IPEndPoint Target => new(_target.ToIPAddress(), _targetPort.Value);

    public IPEndPoint Backend => new(_backend.ToIPAddress(), _backendPort.Value);

    public byte Protocol => _proto;

    /// <summary>enum counter.</summary>
    public byte Reason => _reason;

    /// <summary>HOOK_*.</summary>
    public uint Hook => _hook;
}
