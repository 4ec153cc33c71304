using System.Net;
using System.Security.Cryptography;

using Noded.Primitives;

namespace Noded.ApiServer.Strategies;

/// <summary>Where Services get their addresses and ports.</summary>
/// <param name="Prefix">The addresses.</param>
/// <param name="FirstNodePort">The lowest node port.</param>
/// <param name="LastNodePort">The highest.</param>
internal sealed record ServiceNetwork(IPPrefix Prefix, int FirstNodePort = 30000, int LastNodePort = 32767)
{
    private const int MaxStatic = 256;

    public static ServiceNetwork Default { get; } = new(IPPrefix.Parse("10.96.0.0/12"));

    /// <summary>The address of the API server's own Service.</summary>
    public IPAddress First => At(1);

    public bool Contains(IPAddress address) => Prefix.Contains(address);

    /// <summary>
    /// Any address but the first and last; the lowest ones are left to those who ask for theirs, while there are others.
    /// </summary>
    public IPAddress Random()
    {
        long size = 1L << (32 - Prefix.Length);
        long reserved = Math.Min(Math.Max(16, size / 16), MaxStatic);
        long low = size > 64 ? reserved : 1;
        return At(low + RandomNumberGenerator.GetInt32((int)Math.Min(int.MaxValue, size - 1 - low)));
    }

    public int RandomNodePort() => RandomNumberGenerator.GetInt32(FirstNodePort, LastNodePort + 1);

    private IPAddress At(long offset)
    {
        byte[] bytes = Prefix.Address.GetAddressBytes();
        uint number = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes) + (uint)offset;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
