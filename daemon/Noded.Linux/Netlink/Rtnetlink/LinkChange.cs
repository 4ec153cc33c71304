using Noded.Primitives;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>What to change of a link; null leaves as it is.</summary>
public sealed record LinkChange
{
    public string? Name { get; init; }

    public bool? Up { get; init; }

    public bool? Promiscuous { get; init; }

    public bool? AllMulticast { get; init; }

    public uint? Mtu { get; init; }

    public uint? TxQueueLength { get; init; }

    public MacAddress? Address { get; init; }

    /// <summary>The bridge to join; 0 leaves the one that it is in.</summary>
    public int? MasterIndex { get; init; }

    /// <summary>The namespace to move to.</summary>
    public SafeFd? Namespace { get; init; }
}
