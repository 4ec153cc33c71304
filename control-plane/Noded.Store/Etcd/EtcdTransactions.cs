using Google.Protobuf;
using Noded.Protocols.Etcd.V3;

namespace Noded.Store.Etcd;

/// <summary>Transactions as etcd has them.</summary>
internal static class EtcdTransactions
{
    public static TxnRequest Request(Transaction transaction, EtcdKeys keys)
    {
        TxnRequest request = new();

        foreach (Condition condition in transaction.Conditions)
        {
            ByteString key = keys.Key(condition.Key);
            request.Compare.Add(new Compare
            {
                Key = key,
                Target = Compare.Types.CompareTarget.Mod,
                Result = Compare.Types.CompareResult.Equal,
                ModRevision = condition.ModRevision,
            });
            request.Failure.Add(new RequestOp { RequestRange = new() { Key = key } });
        }

        foreach (Change change in transaction.Changes)
        {
            request.Success.Add(Operation(change, keys));
        }

        return request;
    }

    public static TransactionResult Result(TxnResponse response, EtcdKeys keys) => new(
        response.Succeeded,
        response.Header.Revision,
        response.Succeeded
            ? []
            : [.. response.Responses.SelectMany(part => part.ResponseRange.Kvs).Select(keys.Pair)]);

    private static RequestOp Operation(Change change, EtcdKeys keys) => change is Change.Put put
        ? new()
        {
            RequestPut = new()
            {
                Key = keys.Key(put.Key),
                // The bytes are not changed once they are here.
                Value = UnsafeByteOperations.UnsafeWrap(put.Value),
                Lease = put.Lease,
            },
        }
        : new() { RequestDeleteRange = new() { Key = keys.Key(change.Key) } };
}
