using Noded.Linux.Netlink.NfTables;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Masquerade;

/// <summary>How masquerading is laid out in nf_tables, and the changes from one state to the next.</summary>
internal static class MasqueradeTable
{
    internal const NfFamily Family = NfFamily.Inet;

    // Another layout needs another name.
    private const string Name = "noded-masquerade";
    private const string BaseChain = "postrouting";

    // One for each family; return within the network, return for multicast, masquerade.
    private const uint BaseRules = 2;
    private const uint NetworkRules = 3;

    private const int MaxNetworkLength = 128;

    private static readonly NfSet[] Maps = [Map(isV6: false), Map(isV6: true)];

    /// <summary>The change from a table that has everything but these elements.</summary>
    internal static void AddElements(
        NfBatch batch, string network, Attachment attachment, IEnumerable<IPPrefix> addresses)
    {
        string label = AttachmentLabel.Of(network, attachment);

        foreach (IPPrefix address in addresses)
        {
            batch.AddElements(
                Name,
                MapOf(address).Name,
                new NfElement(
                    NfKey.Of(address.Address),
                    Verdict: NfVerdict.Jump(ChainOf(network, address)),
                    Comment: label));
        }
    }

    /// <summary>The change from what is there to what ADD promises.</summary>
    internal static NfBatch ComputeAdd(
        NfRuleSet rules, string network, Attachment attachment, IReadOnlyList<IPPrefix> addresses)
    {
        NfBatch batch = new(Family);

        if (rules.FindTable(Name) is null)
        {
            AddTable(batch);
        }

        foreach (IPPrefix prefix in addresses.Select(address => address.Network).Distinct())
        {
            if (rules.FindChain(Name, ChainOf(network, prefix)) is null)
            {
                AddNetwork(batch, network, prefix);
            }
        }

        // Whoever had an address before is gone, or it would not have been given out again.
        List<NfElement> stale = [];

        foreach (IPPrefix address in addresses)
        {
            if (rules.FindElement(Name, MapOf(address).Name, NfKey.Of(address.Address)) is NfElement element)
            {
                stale.Add(element);
                batch.DeleteElements(Name, MapOf(address).Name, element);
            }
        }

        AddElements(batch, network, attachment, addresses);
        HashSet<string> needed = [.. addresses.Select(address => ChainOf(network, address))];

        foreach (IGrouping<string?, NfElement> left in stale.GroupBy(element => element.Verdict?.Chain))
        {
            if (left.Key is string chain && !needed.Contains(chain)
                && rules.FindChain(Name, chain)?.Use == NetworkRules + left.Count())
            {
                batch.DeleteChain(Name, chain);
            }
        }

        return batch;
    }

    /// <summary>The change to a table without the elements of those labels, and without what only they needed.</summary>
    internal static NfBatch ComputeRemoval(NfRuleSet rules, Func<string, bool> isUnwanted)
    {
        NfBatch batch = new(Family);
        List<NfElement> kept = [];
        List<NfElement> unwanted = [];

        foreach (NfSet map in Maps)
        {
            if (rules.GetElements(Name, map.Name) is not IReadOnlyList<NfElement> elements)
            {
                // No table, or one that is not ours any more: nothing of ours works there.
                return batch;
            }

            NfElement[] leaving = [.. elements.Where(element => element.Comment is string label && isUnwanted(label))];
            batch.DeleteElements(Name, map.Name, leaving);
            unwanted.AddRange(leaving);
            kept.AddRange(elements.Except(leaving));
        }

        if (kept.Count == 0)
        {
            NfBatch all = new(Family);
            all.DeleteTable(Name);
            return all;
        }

        HashSet<string?> needed = [.. kept.Select(element => element.Verdict?.Chain)];

        foreach (string chain in unwanted.Select(element => element.Verdict?.Chain).OfType<string>().Distinct())
        {
            if (!needed.Contains(chain))
            {
                batch.DeleteChain(Name, chain);
            }
        }

        return batch;
    }

    /// <summary>What keeps an address from being masqueraded; null when nothing does.</summary>
    internal static string? FindFault(NfRuleSet rules, string network, Attachment attachment, IPPrefix address)
    {
        string chain = ChainOf(network, address);
        NfElement? element = rules.FindElement(Name, MapOf(address).Name, NfKey.Of(address.Address));

        if (element is null)
        {
            return $"map {MapOf(address).Name} of table {Name} does not have it";
        }

        if (element.Comment != AttachmentLabel.Of(network, attachment) || element.Verdict?.Chain != chain)
        {
            return $"the address belongs to {element.Comment}";
        }

        // Beside the rules, each element that jumps to a chain counts.
        return rules.FindChain(Name, BaseChain)?.Use != BaseRules ? $"chain {BaseChain} was changed"
            : rules.FindChain(Name, chain)?.Use <= NetworkRules ? $"chain {chain} was changed"
            : null;
    }

    private static void AddTable(NfBatch batch)
    {
        batch.AddTable(Name, "pods' traffic to other networks gets the machine's address");
        batch.AddChain(Name, BaseChain, NfBaseChain.SourceNat);

        foreach (bool isV6 in (bool[])[false, true])
        {
            NfSet map = Map(isV6);
            batch.AddSet(Name, map);
            batch.AddRule(
                Name,
                BaseChain,
                [.. NfMatch.Family(isV6), NfMatch.LoadSource(isV6), new NfExpression.LookupVerdict(map.Name)]);
        }
    }

    private static void AddNetwork(NfBatch batch, string network, IPPrefix prefix)
    {
        string chain = ChainOf(network, prefix);
        IPPrefix multicast = IPPrefix.Parse(prefix.IsV6 ? "ff00::/8" : "224.0.0.0/4");
        batch.AddChain(Name, chain);
        batch.AddRule(Name, chain, [.. NfMatch.DestinationIn(prefix.Network), new NfExpression.Immediate(NfVerdict.Return)]);
        batch.AddRule(Name, chain, [.. NfMatch.DestinationIn(multicast), new NfExpression.Immediate(NfVerdict.Return)]);
        batch.AddRule(Name, chain, new NfExpression.Masquerade());
    }

    /// <summary>A name that nft reads back: letters, digits, '_', '-' and '.'; what follows the last two '-' is the prefix.</summary>
    private static string ChainOf(string network, IPPrefix address) =>
        $"net-{AttachmentLabel.Shorten(network, MaxNetworkLength)}-{address.Network}"
            .Replace('/', '-').Replace(':', '_').Replace('~', '_');

    private static NfSet MapOf(IPPrefix address) => Maps[address.IsV6 ? 1 : 0];

    private static NfSet Map(bool isV6) =>
        new(isV6 ? "pods6" : "pods4", [NfFieldType.Address(isV6)]) { IsVerdictMap = true };
}
