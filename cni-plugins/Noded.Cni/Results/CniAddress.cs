using System.Net;
using Noded.Primitives;

namespace Noded.Cni.Results;

/// <summary>An address that a plugin gave out.</summary>
public sealed record CniAddress(IPPrefix Address)
{
    /// <summary>"4" or "6", before 1.0.0.</summary>
    public string? Version { get; init; }

    /// <summary>Index into the result's interfaces; null from IPAM plugins.</summary>
    public int? Interface { get; init; }

    public IPAddress? Gateway { get; init; }
}
