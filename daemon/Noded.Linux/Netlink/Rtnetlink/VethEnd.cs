using Noded.Primitives;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>One end of a veth pair to be made.</summary>
public sealed record VethEnd(string Name)
{
    public uint? Mtu { get; init; }

    public MacAddress? Address { get; init; }

    /// <summary>Born there instead of moved later; null for the namespace of the request.</summary>
    public SafeFd? Namespace { get; init; }
}
