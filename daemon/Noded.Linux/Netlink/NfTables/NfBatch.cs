using System.Buffers.Binary;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>
/// Changes that the kernel makes all at once or not at all. Whatever is added must be new, so that
/// <see cref="Errno.EEXIST"/> tells that somebody else was there first.
/// </summary>
/// <param name="family">Of all tables in it.</param>
public sealed class NfBatch(NfFamily family)
{
    private const NetlinkFlags New = NetlinkFlags.Create | NetlinkFlags.Exclusive;

    // An attribute ends at 64 KiB: so many of the largest elements fit.
    private const int ElementsPerMessage = 128;

    private readonly List<NetlinkMessageBuilder> _messages = [];
    private uint _setId;

    public bool IsEmpty => _messages.Count == 0;

    /// <summary>Whether something goes that the kernel has to destroy afterwards.</summary>
    internal bool Deletes { get; private set; }

    public void AddTable(string name, string? comment = null)
    {
        AttributeWriter<TableAttribute> table = Begin<TableAttribute>(NfMessage.NewTable, New);
        table.Put(TableAttribute.Name, name);
        table.PutBigEndian(TableAttribute.Flags, 0);

        if (comment is not null)
        {
            table.Put(TableAttribute.UserData, NfUserData.OfComment(comment));
        }
    }

    /// <summary>With everything in it.</summary>
    public void DeleteTable(string name) =>
        Begin<TableAttribute>(NfMessage.DeleteTable, NetlinkFlags.None).Put(TableAttribute.Name, name);

    /// <param name="place">Makes it a base chain; its policy is to accept.</param>
    public void AddChain(string table, string name, NfBaseChain? place = null, string? comment = null)
    {
        AttributeWriter<ChainAttribute> chain = Begin<ChainAttribute>(NfMessage.NewChain, New);
        chain.Put(ChainAttribute.Table, table);
        chain.Put(ChainAttribute.Name, name);

        if (place is not null)
        {
            using (AttributeWriter<HookAttribute> hook = chain.Nest<HookAttribute>(ChainAttribute.Hook))
            {
                hook.PutBigEndian(HookAttribute.Number, (uint)place.Hook);
                hook.PutBigEndian(HookAttribute.Priority, (uint)place.Priority);
            }

            chain.PutBigEndian(ChainAttribute.Policy, (uint)NfVerdict.Accept.Code);
            chain.Put(ChainAttribute.Type, place.Type);
        }

        if (comment is not null)
        {
            chain.Put(ChainAttribute.UserData, NfUserData.OfComment(comment));
        }
    }

    /// <summary>With its rules; refused with EBUSY while something else jumps to it.</summary>
    public void DeleteChain(string table, string name)
    {
        AttributeWriter<ChainAttribute> chain = Begin<ChainAttribute>(NfMessage.DeleteChain, NetlinkFlags.None);
        chain.Put(ChainAttribute.Table, table);
        chain.Put(ChainAttribute.Name, name);
    }

    /// <summary>Appends a rule.</summary>
    public void AddRule(string table, string chain, params ReadOnlySpan<NfExpression> expressions)
    {
        AttributeWriter<RuleAttribute> rule =
            Begin<RuleAttribute>(NfMessage.NewRule, NetlinkFlags.Create | NetlinkFlags.Append);
        rule.Put(RuleAttribute.Table, table);
        rule.Put(RuleAttribute.Chain, chain);
        using AttributeWriter<ListAttribute> list = rule.Nest<ListAttribute>(RuleAttribute.Expressions);

        foreach (NfExpression expression in expressions)
        {
            NfExpressionWriter.Write(list, expression);
        }
    }

    /// <summary>Deletes all rules of a chain.</summary>
    public void FlushChain(string table, string chain)
    {
        AttributeWriter<RuleAttribute> rule = Begin<RuleAttribute>(NfMessage.DeleteRule, NetlinkFlags.None);
        rule.Put(RuleAttribute.Table, table);
        rule.Put(RuleAttribute.Chain, chain);
    }

    public void AddSet(string table, NfSet set) =>
        NfSetWriter.Write(Begin<SetAttribute>(NfMessage.NewSet, New), table, set, ++_setId);

    /// <summary>Refused with EBUSY while a rule looks into it.</summary>
    public void DeleteSet(string table, string set)
    {
        AttributeWriter<SetAttribute> attributes = Begin<SetAttribute>(NfMessage.DeleteSet, NetlinkFlags.None);
        attributes.Put(SetAttribute.Table, table);
        attributes.Put(SetAttribute.Name, set);
    }

    public void AddElements(string table, string set, params ReadOnlySpan<NfElement> elements) =>
        PutElements(NfMessage.NewElement, New, table, set, elements);

    /// <summary>Refused with ENOENT when one of them is not there.</summary>
    public void DeleteElements(string table, string set, params ReadOnlySpan<NfElement> elements) =>
        PutElements(NfMessage.DeleteElement, NetlinkFlags.None, table, set, elements);

    /// <summary>Deletes all elements of a set.</summary>
    public void FlushSet(string table, string set)
    {
        AttributeWriter<ElementListAttribute> list =
            Begin<ElementListAttribute>(NfMessage.DeleteElement, NetlinkFlags.None);
        list.Put(ElementListAttribute.Table, table);
        list.Put(ElementListAttribute.Set, set);
    }

    /// <summary>The batch as one datagram.</summary>
    /// <param name="sequence">That of its first message; the others count up.</param>
    /// <param name="generation">Refuses the batch with ERESTART when the rule set has another one by now.</param>
    internal byte[] Finish(uint sequence, uint portId, uint? generation)
    {
        NetfilterHeader header = new() { ResourceId = BigEndian(NfMessage.Subsystem) };
        NetlinkMessageBuilder begin = new NetlinkMessageBuilder(NfMessage.BatchBegin, NetlinkFlags.None).Header(header);
        NetlinkMessageBuilder end = new NetlinkMessageBuilder(NfMessage.BatchEnd, NetlinkFlags.None).Header(header);

        if (generation is uint expected)
        {
            begin.Attributes<BatchAttribute>().PutBigEndian(BatchAttribute.Generation, expected);
        }

        using MemoryStream batch = new();
        batch.Write(begin.Finish(sequence, portId));

        for (int i = 0; i < _messages.Count; i++)
        {
            NetlinkFlags acknowledge = i == _messages.Count - 1 ? NetlinkFlags.Ack : NetlinkFlags.None;
            batch.Write(_messages[i].Finish(++sequence, portId, acknowledge));
        }

        batch.Write(end.Finish(++sequence, portId));
        return batch.ToArray();
    }

    /// <summary>The number of its messages, without those that begin and end it.</summary>
    internal int Count => _messages.Count;

    private static ushort BigEndian(ushort value) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private void PutElements(
        ushort type, NetlinkFlags flags, string table, string set, ReadOnlySpan<NfElement> elements)
    {
        for (int start = 0; start < elements.Length; start += ElementsPerMessage)
        {
            AttributeWriter<ElementListAttribute> list = Begin<ElementListAttribute>(type, flags);
            ReadOnlySpan<NfElement> part =
                elements.Slice(start, Math.Min(ElementsPerMessage, elements.Length - start));
            // To delete an element, its key is enough.
            NfSetWriter.Write(list, table, set, part, withValues: type == NfMessage.NewElement);
        }
    }

    private AttributeWriter<TAttribute> Begin<TAttribute>(ushort type, NetlinkFlags flags)
        where TAttribute : unmanaged, Enum
    {
        NetlinkMessageBuilder message = NfMessage.Create(type, family, flags);
        _messages.Add(message);
        Deletes |= !flags.HasFlag(NetlinkFlags.Create);
        return message.Attributes<TAttribute>();
    }
}
