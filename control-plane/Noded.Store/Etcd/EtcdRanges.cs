using System.Collections.Immutable;
using Grpc.Core;
using Noded.Protocols.Etcd.V3;

namespace Noded.Store.Etcd;

/// <summary>Reads ranges, long ones in parts that are all of one revision.</summary>
internal sealed class EtcdRanges(EtcdCluster cluster, EtcdKeys keys)
{
    private const int KeysAtATime = 1000;

    // A part that is compacted while the one before is read: the newest state can be read anew, but not for ever.
    private const int Attempts = 3;

    public async Task<RangeResult> ReadAsync(RangeRequest request, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadOnceAsync(request, cancellationToken);
            }
            catch (CompactedException) when (request.Revision == 0 && attempt < Attempts)
            {
            }
        }
    }

    private async Task<RangeResult> ReadOnceAsync(RangeRequest request, CancellationToken cancellationToken)
    {
        ImmutableArray<KeyValue>.Builder found = ImmutableArray.CreateBuilder<KeyValue>();
        RangeResponse? first = null;
        int size = KeysAtATime;

        while (true)
        {
            int wanted = request.Limit > 0 ? request.Limit - found.Count : int.MaxValue;
            Protocols.Etcd.V3.RangeRequest part = new()
            {
                Key = keys.Key(found.Count == 0 ? request.Start : KeyRange.After(found[^1].Key)),
                RangeEnd = keys.End(request.End),
                Limit = Math.Min(wanted, size),
                Revision = request.Revision != 0 ? request.Revision : first?.Header.Revision ?? 0,
                CountOnly = request.CountOnly,
            };
            RangeResponse? response = await TryReadAsync(part, cancellationToken);

            if (response is null)
            {
                size = Math.Max(size / 8, 1);
                continue;
            }

            first ??= response;
            found.AddRange(response.Kvs.Select(keys.Pair));

            if (!response.More || found.Count == request.Limit)
            {
                return new(found.DrainToImmutable(), first.Count, first.Header.Revision);
            }
        }
    }

    /// <summary>Null if the answer had too many bytes and fewer keys have to be asked for.</summary>
    private async Task<RangeResponse?> TryReadAsync(
        Protocols.Etcd.V3.RangeRequest part, CancellationToken cancellationToken)
    {
        try
        {
            return await cluster.CallAsync(
                (endpoint, options) => endpoint.Keys.RangeAsync(part, options), part.Revision, isRead: true, cancellationToken);
        }
        catch (StoreUnavailableException e)
            when (part.Limit > 1 && e.InnerException is RpcException rpc && EtcdErrors.IsTooLargeAnswer(rpc))
        {
            return null;
        }
    }
}
