namespace Noded.Linux.Netlink.NfTables;

/// <summary>Writes sets and lists of their elements.</summary>
internal static class NfSetWriter
{
    // NFT_SET_*; NFT_DATA_VERDICT.
    private const uint IntervalFlag = 0x4;
    private const uint MapFlag = 0x8;
    private const uint ConcatenationFlag = 0x80;
    private const uint VerdictType = 0xffffff00;

    // sizeof(struct nft_verdict): what a verdict takes in a map; the kernel sets it, but wants to be told one.
    private const uint VerdictLength = 16;

    internal static void Write(AttributeWriter<SetAttribute> into, string table, NfSet set, uint id)
    {
        bool isMap = set.IsVerdictMap || !set.Values.IsEmpty;
        into.Put(SetAttribute.Table, table);
        into.Put(SetAttribute.Name, set.Name);
        into.PutBigEndian(
            SetAttribute.Flags,
            (set.IsInterval ? IntervalFlag : 0)
            | (isMap ? MapFlag : 0)
            | (set is { IsInterval: true, IsConcatenation: true } ? ConcatenationFlag : 0));
        into.PutBigEndian(SetAttribute.KeyType, NfSet.TypeOf(set.Keys));
        into.PutBigEndian(SetAttribute.KeyLength, NfSet.LengthOf(set.Keys));
        into.PutBigEndian(SetAttribute.Id, id);

        if (isMap)
        {
            into.PutBigEndian(SetAttribute.DataType, set.IsVerdictMap ? VerdictType : NfSet.TypeOf(set.Values));
            into.PutBigEndian(
                SetAttribute.DataLength, set.IsVerdictMap ? VerdictLength : NfSet.LengthOf(set.Values));
        }

        if (set is { IsInterval: true, IsConcatenation: true })
        {
            using AttributeWriter<SetDescriptionAttribute> description =
                into.Nest<SetDescriptionAttribute>(SetAttribute.Description);
            using AttributeWriter<ListAttribute> list =
                description.Nest<ListAttribute>(SetDescriptionAttribute.Concatenation);

            foreach (NfFieldType key in set.Keys)
            {
                using AttributeWriter<SetFieldAttribute> field = list.Nest<SetFieldAttribute>(ListAttribute.Element);
                field.PutBigEndian(SetFieldAttribute.Length, key.Length);
            }
        }

        into.Put(SetAttribute.UserData, NfUserData.OfSet(!set.Values.IsEmpty));
    }

    internal static void Write(
        AttributeWriter<ElementListAttribute> into,
        string table,
        string set,
        ReadOnlySpan<NfElement> elements,
        bool withValues)
    {
        into.Put(ElementListAttribute.Table, table);
        into.Put(ElementListAttribute.Set, set);
        using AttributeWriter<ListAttribute> list = into.Nest<ListAttribute>(ElementListAttribute.Elements);

        foreach (NfElement element in elements)
        {
            using AttributeWriter<ElementAttribute> attributes = list.Nest<ElementAttribute>(ListAttribute.Element);
            Write(attributes, element, withValues);
        }
    }

    private static void Write(AttributeWriter<ElementAttribute> into, NfElement element, bool withValues)
    {
        Put(into, ElementAttribute.Key, element.Key);

        if (element.KeyEnd is NfKey end)
        {
            Put(into, ElementAttribute.KeyEnd, end);
        }

        if (!withValues)
        {
            return;
        }

        if (element.Value is NfKey value)
        {
            Put(into, ElementAttribute.Value, value);
        }

        if (element.Verdict is NfVerdict verdict)
        {
            using AttributeWriter<ValueAttribute> nest = into.Nest<ValueAttribute>(ElementAttribute.Value);
            NfExpressionWriter.Write(nest, verdict);
        }

        if (element.Comment is string comment)
        {
            into.Put(ElementAttribute.UserData, NfUserData.OfComment(comment));
        }
    }

    private static void Put(AttributeWriter<ElementAttribute> into, ElementAttribute attribute, NfKey key)
    {
        using AttributeWriter<ValueAttribute> value = into.Nest<ValueAttribute>(attribute);
        value.Put(ValueAttribute.Value, key.Bytes);
    }
}
