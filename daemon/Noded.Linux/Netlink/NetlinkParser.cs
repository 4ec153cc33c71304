namespace Noded.Linux.Netlink;

/// <summary>Reads the part of a reply behind its netlink header; null leaves the reply out.</summary>
internal delegate T? NetlinkParser<T>(ushort type, ReadOnlySpan<byte> payload)
    where T : class;
