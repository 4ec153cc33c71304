using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>Reads what the kernel says of its tables; foreign bytes give nothing, never an error.</summary>
internal static class NfParser
{
    internal static NfGeneration? ParseGeneration(ushort type, ReadOnlySpan<byte> payload)
    {
        AttributeReader<GenerationAttribute> attributes = new(Body(payload));

        while (type == NfMessage.NewGeneration && attributes.Read())
        {
            if (attributes.Type == GenerationAttribute.Id)
            {
                return new NfGeneration(attributes.UInt32BigEndian);
            }
        }

        return null;
    }

    internal static NfTable? ParseTable(ushort type, ReadOnlySpan<byte> payload)
    {
        NfTable table = new("", 0);
        AttributeReader<TableAttribute> attributes = new(Body(payload));

        while (type == NfMessage.NewTable && attributes.Read())
        {
            table = attributes.Type switch
            {
                TableAttribute.Name => table with { Name = attributes.Text },
                TableAttribute.Use => table with { Use = attributes.UInt32BigEndian },
                _ => table,
            };
        }

        return table.Name.Length > 0 ? table : null;
    }

    internal static NfChain? ParseChain(ushort type, ReadOnlySpan<byte> payload)
    {
        NfChain chain = new("", 0);
        AttributeReader<ChainAttribute> attributes = new(Body(payload));

        while (type == NfMessage.NewChain && attributes.Read())
        {
            chain = attributes.Type switch
            {
                ChainAttribute.Name => chain with { Name = attributes.Text },
                ChainAttribute.Use => chain with { Use = attributes.UInt32BigEndian },
                _ => chain,
            };
        }

        return chain.Name.Length > 0 ? chain : null;
    }

    internal static List<NfElement>? ParseElements(ushort type, ReadOnlySpan<byte> payload)
    {
        List<NfElement> elements = [];
        AttributeReader<ElementListAttribute> attributes = new(Body(payload));

        while (type == NfMessage.NewElement && attributes.Read())
        {
            if (attributes.Type == ElementListAttribute.Elements)
            {
                AttributeReader<ListAttribute> list = attributes.Nested<ListAttribute>();

                while (list.Read())
                {
                    if (ParseElement(list.Nested<ElementAttribute>()) is NfElement element)
                    {
                        elements.Add(element);
                    }
                }
            }
        }

        return elements.Count > 0 ? elements : null;
    }

    private static NfElement? ParseElement(AttributeReader<ElementAttribute> attributes)
    {
        NfElement? element = null;
        NfKey? keyEnd = null;
        NfKey? value = null;
        NfVerdict? verdict = null;
        string? comment = null;

        while (attributes.Read())
        {
            switch (attributes.Type)
            {
                case ElementAttribute.Key:
                    (NfKey? key, _) = ParseValue(attributes.Nested<ValueAttribute>());
                    element = key is null ? null : new NfElement(key);
                    break;
                case ElementAttribute.KeyEnd:
                    (keyEnd, _) = ParseValue(attributes.Nested<ValueAttribute>());
                    break;
                case ElementAttribute.Value:
                    (value, verdict) = ParseValue(attributes.Nested<ValueAttribute>());
                    break;
                case ElementAttribute.UserData:
                    comment = NfUserData.TryGetComment(attributes.Value);
                    break;
            }
        }

        return element is null
            ? null
            : element with { KeyEnd = keyEnd, Value = value, Verdict = verdict, Comment = comment };
    }

    private static (NfKey? Value, NfVerdict? Verdict) ParseValue(AttributeReader<ValueAttribute> attributes)
    {
        NfKey? value = null;
        NfVerdict? verdict = null;

        while (attributes.Read())
        {
            switch (attributes.Type)
            {
                case ValueAttribute.Value:
                    value = NfKey.OfBytes(attributes.Value);
                    break;
                case ValueAttribute.Verdict:
                    verdict = ParseVerdict(attributes.Nested<VerdictAttribute>());
                    break;
            }
        }

        return (value, verdict);
    }

    private static NfVerdict ParseVerdict(AttributeReader<VerdictAttribute> attributes)
    {
        NfVerdict verdict = NfVerdict.Accept;

        while (attributes.Read())
        {
            verdict = attributes.Type switch
            {
                VerdictAttribute.Code => verdict with { Code = (int)attributes.UInt32BigEndian },
                VerdictAttribute.Chain => verdict with { Chain = attributes.Text },
                _ => verdict,
            };
        }

        return verdict;
    }

    private static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> payload) =>
        payload[Math.Min(Marshal.SizeOf<NetfilterHeader>(), payload.Length)..];
}
