using System.Text;
using Google.Protobuf;
using Noded.Protocols.Etcd.V3;

namespace Noded.Store.Etcd;

/// <summary>Our keys and pairs as etcd has them, and back.</summary>
internal sealed class EtcdKeys(string prefix)
{
    private readonly int _prefixBytes = Encoding.UTF8.GetByteCount(prefix);

    public ByteString Key(string key) => ByteString.CopyFromUtf8(prefix + key);

    /// <summary>The end of a range; empty where one key alone is meant.</summary>
    public ByteString End(string? end) => end is null ? ByteString.Empty : Key(end);

    public KeyValue Pair(Protocols.Etcd.V3.KeyValue pair) => new(
        Encoding.UTF8.GetString(pair.Key.Span[_prefixBytes..]),
        pair.Value.Memory,
        pair.CreateRevision,
        pair.ModRevision,
        pair.Version,
        pair.Lease);

    public WatchEvent Event(Event change) => new(
        Pair(change.Kv),
        change.Type == Protocols.Etcd.V3.Event.Types.EventType.Delete,
        change.PrevKv is null ? null : Pair(change.PrevKv));
}
