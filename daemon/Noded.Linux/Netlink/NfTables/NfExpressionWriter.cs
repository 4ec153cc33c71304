using System.Diagnostics;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>Writes the steps of a rule: each is a kind's name and its parameters.</summary>
internal static class NfExpressionWriter
{
    // NFT_REG_VERDICT, NFT_REG32_00.
    private const uint VerdictRegister = 0;
    private const uint FirstRegister = 8;

    // NFT_CMP_EQ, NFT_CMP_NEQ; NFT_NAT_DNAT; NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR.
    private const uint Equal = 0;
    private const uint NotEqual = 1;
    private const uint DestinationNat = 1;
    private const uint AddressType = 3;
    private const uint OfDestination = 1 << 1;

    // NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH: the one kind that tables of both families have.
    private const uint RejectByIcmp = 2;
    private const byte PortUnreachable = 1;

    internal static void Write(AttributeWriter<ListAttribute> list, NfExpression expression)
    {
        using AttributeWriter<ExpressionAttribute> into = list.Nest<ExpressionAttribute>(ListAttribute.Element);

        switch (expression)
        {
            case NfExpression.Payload payload:
                Write(into, payload);
                break;
            case NfExpression.Meta meta:
                Write(into, meta);
                break;
            case NfExpression.SetMeta meta:
                Write(into, meta);
                break;
            case NfExpression.Connection connection:
                Write(into, connection);
                break;
            case NfExpression.DestinationType type:
                Write(into, type);
                break;
            case NfExpression.Compare compare:
                Write(into, compare);
                break;
            case NfExpression.Bitwise bitwise:
                Write(into, bitwise);
                break;
            case NfExpression.Lookup lookup:
                Write(into, lookup);
                break;
            case NfExpression.LookupVerdict lookup:
                Write(into, lookup);
                break;
            case NfExpression.Immediate immediate:
                Write(into, immediate);
                break;
            case NfExpression.Masquerade:
                into.Put(ExpressionAttribute.Name, "masq");
                into.Nest<MasqueradeAttribute>(ExpressionAttribute.Parameters).Dispose();
                break;
            case NfExpression.Reject:
                WriteReject(into);
                break;
            case NfExpression.DestinationNat nat:
                Write(into, nat);
                break;
            default:
                throw new UnreachableException($"No writer for {expression}.");
        }
    }

    /// <summary>A verdict as a value: of an immediate step or of a map's element.</summary>
    internal static void Write(AttributeWriter<ValueAttribute> into, NfVerdict verdict)
    {
        using AttributeWriter<VerdictAttribute> attributes = into.Nest<VerdictAttribute>(ValueAttribute.Verdict);
        attributes.PutBigEndian(VerdictAttribute.Code, (uint)verdict.Code);

        if (verdict.Chain is string chain)
        {
            attributes.Put(VerdictAttribute.Chain, chain);
        }
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.Payload payload)
    {
        using AttributeWriter<PayloadAttribute> p = Begin<PayloadAttribute>(into, "payload");
        p.PutBigEndian(PayloadAttribute.Destination, Register(payload.To));
        p.PutBigEndian(PayloadAttribute.Header, (uint)payload.Header);
        p.PutBigEndian(PayloadAttribute.Offset, payload.Offset);
        p.PutBigEndian(PayloadAttribute.Length, payload.Length);
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.Meta meta)
    {
        using AttributeWriter<MetaAttribute> p = Begin<MetaAttribute>(into, "meta");
        p.PutBigEndian(MetaAttribute.Key, (uint)meta.Key);
        p.PutBigEndian(MetaAttribute.Destination, Register(meta.To));
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.SetMeta meta)
    {
        using AttributeWriter<MetaAttribute> p = Begin<MetaAttribute>(into, "meta");
        p.PutBigEndian(MetaAttribute.Key, (uint)meta.Key);
        p.PutBigEndian(MetaAttribute.Source, Register(meta.From));
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.Connection connection)
    {
        using AttributeWriter<CtAttribute> p = Begin<CtAttribute>(into, "ct");
        p.PutBigEndian(CtAttribute.Key, (uint)connection.Key);
        p.PutBigEndian(CtAttribute.Destination, Register(connection.To));
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.DestinationType type)
    {
        using AttributeWriter<FibAttribute> p = Begin<FibAttribute>(into, "fib");
        p.PutBigEndian(FibAttribute.Destination, Register(type.To));
        p.PutBigEndian(FibAttribute.Result, AddressType);
        p.PutBigEndian(FibAttribute.Flags, OfDestination);
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.Compare compare)
    {
        using AttributeWriter<CompareAttribute> p = Begin<CompareAttribute>(into, "cmp");
        p.PutBigEndian(CompareAttribute.Source, Register(compare.From));
        p.PutBigEndian(CompareAttribute.Operator, compare.IsEqual ? Equal : NotEqual);
        using AttributeWriter<ValueAttribute> value = p.Nest<ValueAttribute>(CompareAttribute.Value);
        value.Put(ValueAttribute.Value, compare.Value.AsSpan());
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.Bitwise bitwise)
    {
        using AttributeWriter<BitwiseAttribute> p = Begin<BitwiseAttribute>(into, "bitwise");
        p.PutBigEndian(BitwiseAttribute.Source, Register(bitwise.Register));
        p.PutBigEndian(BitwiseAttribute.Destination, Register(bitwise.Register));
        p.PutBigEndian(BitwiseAttribute.Length, (uint)bitwise.Mask.Length);

        using (AttributeWriter<ValueAttribute> mask = p.Nest<ValueAttribute>(BitwiseAttribute.Mask))
        {
            mask.Put(ValueAttribute.Value, bitwise.Mask.AsSpan());
        }

        using AttributeWriter<ValueAttribute> xor = p.Nest<ValueAttribute>(BitwiseAttribute.Xor);
        xor.Put(ValueAttribute.Value, bitwise.Xor.AsSpan());
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.Lookup lookup)
    {
        using AttributeWriter<LookupAttribute> p = Begin<LookupAttribute>(into, "lookup");
        p.Put(LookupAttribute.Set, lookup.Set);
        p.PutBigEndian(LookupAttribute.Source, Register(lookup.From));

        if (lookup.To is int to)
        {
            p.PutBigEndian(LookupAttribute.Destination, Register(to));
        }
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.LookupVerdict lookup)
    {
        using AttributeWriter<LookupAttribute> p = Begin<LookupAttribute>(into, "lookup");
        p.Put(LookupAttribute.Set, lookup.Map);
        p.PutBigEndian(LookupAttribute.Source, Register(lookup.From));
        p.PutBigEndian(LookupAttribute.Destination, VerdictRegister);
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.Immediate immediate)
    {
        using AttributeWriter<ImmediateAttribute> p = Begin<ImmediateAttribute>(into, "immediate");
        p.PutBigEndian(ImmediateAttribute.Destination, VerdictRegister);
        using AttributeWriter<ValueAttribute> value = p.Nest<ValueAttribute>(ImmediateAttribute.Value);
        Write(value, immediate.Verdict);
    }

    private static void WriteReject(AttributeWriter<ExpressionAttribute> into)
    {
        using AttributeWriter<RejectAttribute> p = Begin<RejectAttribute>(into, "reject");
        p.PutBigEndian(RejectAttribute.Type, RejectByIcmp);
        p.Put(RejectAttribute.Code, PortUnreachable);
    }

    private static void Write(AttributeWriter<ExpressionAttribute> into, NfExpression.DestinationNat nat)
    {
        using AttributeWriter<NatAttribute> p = Begin<NatAttribute>(into, "nat");
        p.PutBigEndian(NatAttribute.Type, DestinationNat);
        p.PutBigEndian(NatAttribute.Family, (uint)nat.Family);
        p.PutBigEndian(NatAttribute.AddressMin, Register(nat.Address));
        p.PutBigEndian(NatAttribute.PortMin, Register(nat.Port));
    }

    private static AttributeWriter<TAttribute> Begin<TAttribute>(AttributeWriter<ExpressionAttribute> into, string kind)
        where TAttribute : unmanaged, Enum
    {
        into.Put(ExpressionAttribute.Name, kind);
        return into.Nest<TAttribute>(ExpressionAttribute.Parameters);
    }

    private static uint Register(int word) => FirstRegister + (uint)word;
}
