namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>A limit of what leaves by a link (tc-tbf(8)).</summary>
/// <param name="BytesPerSecond">On average.</param>
/// <param name="Burst">Bytes that may pass at once.</param>
/// <param name="Limit">Bytes that wait for their turn before others are dropped.</param>
public sealed record TokenBucket(ulong BytesPerSecond, uint Burst, uint Limit);
