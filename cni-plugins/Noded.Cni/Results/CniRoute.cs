using System.Net;
using Noded.Primitives;

namespace Noded.Cni.Results;

/// <summary>A route for the container.</summary>
/// <param name="Gw">Null means the gateway of an address of the same family.</param>
public sealed record CniRoute(IPPrefix Dst, IPAddress? Gw = null)
{
    /// <summary>Since 1.1.0, as are the following.</summary>
    public uint? Mtu { get; init; }

    public uint? Advmss { get; init; }

    public uint? Priority { get; init; }

    public uint? Table { get; init; }

    public byte? Scope { get; init; }
}
