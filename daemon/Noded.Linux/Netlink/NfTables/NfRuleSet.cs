using Noded.Linux.Namespaces;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>
/// The rule set of one network namespace, as nf_tables(8) has it, without nft and without its library. Synchronous; not
/// thread-safe.
/// </summary>
public sealed class NfRuleSet : IDisposable
{
    // Each failed attempt is a change that succeeded elsewhere; so many in a row happen only to who is stuck.
    private const int MaxAttempts = 1000;

    private readonly NfFamily _family;
    private readonly NetlinkSocket _socket;
    private bool _hasDeleted;

    private NfRuleSet(NfFamily family, NetlinkSocket socket) => (_family, _socket) = (family, socket);

    /// <summary>Talks to the namespace given, to that of the calling thread when it is null.</summary>
    public static NfRuleSet Open(NfFamily family, NetworkNamespace? networkNamespace = null) =>
        new(family, NetlinkSocket.Open(NetlinkProtocol.Netfilter, networkNamespace));

    /// <summary>The kernel keeps whoever closes the socket until it has destroyed what was deleted: not the caller.</summary>
    public void Dispose()
    {
        if (_hasDeleted)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static socket => socket.Dispose(), _socket, preferLocal: false);
        }
        else
        {
            _socket.Dispose();
        }
    }

    /// <summary>Read it before what a change is decided on, and hand it in with the change.</summary>
    public NfGeneration GetGeneration() =>
        _socket.Get(
            NfMessage.Create(NfMessage.GetGeneration, NfFamily.Unspecified, NetlinkFlags.None),
            NfParser.ParseGeneration,
            "get the rule set's generation")
        ?? throw new IOException("get the rule set's generation: the kernel did not say");

    /// <summary>Makes all changes of a batch or none.</summary>
    /// <param name="operation">What it is for; refusals begin with it.</param>
    /// <param name="generation">What the batch was decided on: it is refused with ERESTART when that has changed.</param>
    /// <exception cref="LinuxException">The kernel refused one of the changes, or the whole.</exception>
    public void Execute(NfBatch batch, string operation, NfGeneration? generation = null)
    {
        uint first = _socket.NextSequence(batch.Count + 2);
        byte[] datagram = batch.Finish(first, _socket.PortId, generation?.Id);
        _hasDeleted |= batch.Deletes;
        _socket.ExecuteBatch(datagram, first, first + (uint)batch.Count, operation);
    }

    /// <summary>Reads, decides and changes; anew for as long as somebody else changes the rule set in between.</summary>
    /// <param name="decide">Reads what it needs and returns the change, which may be empty.</param>
    public void Change(string operation, Func<NfBatch> decide)
    {
        for (int attempt = 1; ; attempt++)
        {
            NfGeneration generation = GetGeneration();
            NfBatch batch = decide();

            if (batch.IsEmpty)
            {
                return;
            }

            try
            {
                Execute(batch, operation, generation);
                return;
            }
            catch (LinuxException e) when (e.Errno == Errno.ERESTART && attempt < MaxAttempts)
            {
                // Somebody made a change, so that all together get on.
            }
        }
    }

    public NfTable? FindTable(string name)
    {
        NetlinkMessageBuilder message = NfMessage.Create(NfMessage.GetTable, _family, NetlinkFlags.None);
        message.Attributes<TableAttribute>().Put(TableAttribute.Name, name);
        return Find(message, NfParser.ParseTable, $"get table {name}");
    }

    public NfChain? FindChain(string table, string name)
    {
        NetlinkMessageBuilder message = NfMessage.Create(NfMessage.GetChain, _family, NetlinkFlags.None);
        AttributeWriter<ChainAttribute> chain = message.Attributes<ChainAttribute>();
        chain.Put(ChainAttribute.Table, table);
        chain.Put(ChainAttribute.Name, name);
        return Find(message, NfParser.ParseChain, $"get chain {table} {name}");
    }

    /// <summary>The element of exactly that key; null when it, its set or its table is missing.</summary>
    public NfElement? FindElement(string table, string set, NfKey key)
    {
        NetlinkMessageBuilder message = NfMessage.Create(NfMessage.GetElement, _family, NetlinkFlags.None);
        NfSetWriter.Write(
            message.Attributes<ElementListAttribute>(), table, set, [new NfElement(key)], withValues: false);
        return Find(message, NfParser.ParseElements, $"get element {key} of {table} {set}")?[0];
    }

    /// <summary>All elements; null when the set or its table is missing.</summary>
    public IReadOnlyList<NfElement>? GetElements(string table, string set)
    {
        NetlinkMessageBuilder message = NfMessage.Create(NfMessage.GetElement, _family, NetlinkFlags.Dump);
        AttributeWriter<ElementListAttribute> list = message.Attributes<ElementListAttribute>();
        list.Put(ElementListAttribute.Table, table);
        list.Put(ElementListAttribute.Set, set);

        try
        {
            return [.. _socket.Dump(message, NfParser.ParseElements, $"list elements of {table} {set}").SelectMany(part => part)];
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    private T? Find<T>(NetlinkMessageBuilder message, NetlinkParser<T> parse, string operation)
        where T : class
    {
        try
        {
            return _socket.Get(message, parse, operation);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }
    }
}
