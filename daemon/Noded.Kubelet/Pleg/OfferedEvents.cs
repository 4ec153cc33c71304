using System.Runtime.CompilerServices;
using Grpc.Core;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pleg;

/// <summary>The first of several streams that the runtime offers; each subscription asks anew.</summary>
internal sealed class OfferedEvents(params IRuntimeEvents[] streams) : IRuntimeEvents
{
    public async IAsyncEnumerable<RuntimeEvent> SubscribeAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int i = 0; i < streams.Length; i++)
        {
            await using IAsyncEnumerator<RuntimeEvent> stream =
                streams[i].SubscribeAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

            // The last one's refusal is everybody's.
            if (await TryMoveNextAsync(stream, isLast: i == streams.Length - 1) is not bool any)
            {
                continue;
            }

            for (; any; any = await stream.MoveNextAsync())
            {
                yield return stream.Current;
            }

            yield break;
        }
    }

    /// <summary>Null when the runtime does not know the call.</summary>
    private static async Task<bool?> TryMoveNextAsync(IAsyncEnumerator<RuntimeEvent> stream, bool isLast)
    {
        try
        {
            return await stream.MoveNextAsync();
        }
        catch (RuntimeCallException e) when (e.Code == StatusCode.Unimplemented && !isLast)
        {
            return null;
        }
    }
}
