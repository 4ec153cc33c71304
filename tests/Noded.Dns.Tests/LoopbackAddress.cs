using System.Net;

namespace Noded.Dns.Tests;

/// <summary>Addresses of 127.0.0.0/8 that nobody else has: every port of theirs is free, for UDP and for TCP.</summary>
internal static class LoopbackAddress
{
    internal static IPAddress Next() => new(
        [127, (byte)Random.Shared.Next(64, 255), (byte)Random.Shared.Next(256), (byte)Random.Shared.Next(1, 255)]);
}
