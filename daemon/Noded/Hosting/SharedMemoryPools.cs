using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace Noded.Hosting;

/// <summary>
/// Kestrel's buffers from the pool that everything else here uses. Its own pool looks every ten seconds, on the thread
/// pool, for buffers to give back, which is a third of an idle node's wake-ups; this one gives back when the garbage
/// collector runs.
/// </summary>
internal sealed class SharedMemoryPools : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => MemoryPool<byte>.Shared;
}
