using Noded.Primitives;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>An address of a link.</summary>
public sealed record LinkAddress(int LinkIndex, IPPrefix Prefix, AddressFlags Flags);
