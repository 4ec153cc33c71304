using System.Collections.Immutable;
using System.Net;
using Noded.Api.Services;

namespace Noded.ServiceProxy.Tables;

/// <summary>Where traffic of a Service can go.</summary>
public readonly record struct Backend(IPAddress Address, ushort Port) : IComparable<Backend>
{
    public int CompareTo(Backend other)
    {
        Span<byte> bytes = stackalloc byte[32];
        Address.TryWriteBytes(bytes, out int length);
        other.Address.TryWriteBytes(bytes[16..], out int otherLength);
        int byAddress = bytes[..length].SequenceCompareTo(bytes.Slice(16, otherLength));
        return byAddress != 0 ? byAddress : Port.CompareTo(other.Port);
    }

    public override string ToString() => new IPEndPoint(Address, Port).ToString();

    public static bool operator <(Backend left, Backend right) => left.CompareTo(right) < 0;

    public static bool operator <=(Backend left, Backend right) => left.CompareTo(right) <= 0;

    public static bool operator >(Backend left, Backend right) => left.CompareTo(right) > 0;

    public static bool operator >=(Backend left, Backend right) => left.CompareTo(right) >= 0;
}

/// <summary>An endpoint of an EndpointSlice for one port, with what decides whether it is used.</summary>
internal sealed record Endpoint(Backend Backend)
{
    public bool IsReady { get; init; } = true;

    public bool IsServing { get; init; } = true;

    public bool IsTerminating { get; init; }

    public string? NodeName { get; init; }

    /// <summary>How often it is chosen, beside others of the same list.</summary>
    public int Weight { get; init; } = EndpointWeight.Default;

    public ImmutableHashSet<string> ZoneHints { get; init; } = [];

    public ImmutableHashSet<string> NodeHints { get; init; } = [];

    /// <summary>Good enough when nothing is ready: it still answers what it has begun.</summary>
    public bool IsServingTerminating => IsServing && IsTerminating;
}
