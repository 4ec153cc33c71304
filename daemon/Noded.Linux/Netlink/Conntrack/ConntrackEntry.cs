using System.Net;

namespace Noded.Linux.Netlink.Conntrack;

/// <summary>A tracked connection, as far as its translation goes.</summary>
/// <param name="Destination">Where its first packet was sent to.</param>
/// <param name="Port">The port there.</param>
/// <param name="Answering">Who answers: not the destination, when that was translated.</param>
public sealed record ConntrackEntry(IPAddress Destination, ushort Port, IPAddress Answering)
{
    /// <summary>CTA_TUPLE_ORIG as the kernel wrote it: what it finds the entry by.</summary>
    internal byte[] Original { get; init; } = [];

    /// <summary>CTA_ZONE, if there is one.</summary>
    internal byte[] Zone { get; init; } = [];

    /// <summary>CTA_ID: another connection with the same addresses has another one.</summary>
    internal byte[] Id { get; init; } = [];
}
