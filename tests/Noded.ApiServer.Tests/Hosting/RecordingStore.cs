using System.Threading.Channels;

using Noded.Store;

namespace Noded.ApiServer.Tests.Hosting;

/// <summary>A store that says when it was read and compacted.</summary>
internal sealed class RecordingStore(IStore store) : ForwardingStore(store)
{
    // Unbounded: a test makes few calls.
    private readonly Channel<bool> _asked = Channel.CreateUnbounded<bool>();
    private readonly Channel<long> _compacted = Channel.CreateUnbounded<long>();

    public ValueTask<bool> AskedAsync(CancellationToken cancellationToken) => _asked.Reader.ReadAsync(cancellationToken);

    public ValueTask<long> CompactedAsync(CancellationToken cancellationToken) => _compacted.Reader.ReadAsync(cancellationToken);

    public override async Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken)
    {
        RangeResult result = await Inner.RangeAsync(request, cancellationToken);
        _asked.Writer.TryWrite(true);
        return result;
    }

    public override async Task CompactAsync(long revision, CancellationToken cancellationToken)
    {
        await Inner.CompactAsync(revision, cancellationToken);
        _compacted.Writer.TryWrite(revision);
    }
}
