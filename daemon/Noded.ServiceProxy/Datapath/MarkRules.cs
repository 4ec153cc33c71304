using Noded.Linux.Netlink.NfTables;

namespace Noded.ServiceProxy.Datapath;

/// <summary>
/// The two rules that finish what the programs at links began: packets that they marked get this node as their source, or
/// are refused. They do not depend on Services, so they are made once.
/// </summary>
/// <param name="table">The node's own: two nodes of one machine do not share them.</param>
internal sealed class MarkRules(string table)
{
    /// <summary>The bits that kube-proxy uses to the same ends.</summary>
    internal static readonly PacketMarks Marks = new(Masquerade: 0x4000, Reject: 0x8000);

    /// <exception cref="IOException">The kernel has no nf_tables, or refuses.</exception>
    public void Ensure()
    {
        using NfRuleSet rules = NfRuleSet.Open(NfFamily.Inet);
        rules.Change($"add table {table}, which masquerades and refuses for Services", () =>
        {
            NfBatch batch = new(NfFamily.Inet);
            if (rules.FindTable(table) is null)
            {
                batch.AddTable(table, "packets of Services whose answers must come back this way, or that nobody serves");
                batch.AddChain(table, "postrouting", NfBaseChain.SourceNat);
                AddRule(batch, "postrouting", Marks.Masquerade, new NfExpression.Masquerade());
                batch.AddChain(table, "prerouting", NfBaseChain.Filter(NfHook.Prerouting));
                AddRule(batch, "prerouting", Marks.Reject, new NfExpression.Reject());
            }

            return batch;
        });
    }

    public void Remove()
    {
        using NfRuleSet rules = NfRuleSet.Open(NfFamily.Inet);
        rules.Change($"remove table {table}", () =>
        {
            NfBatch batch = new(NfFamily.Inet);
            if (rules.FindTable(table) is not null)
            {
                batch.DeleteTable(table);
            }

            return batch;
        });
    }

    private void AddRule(NfBatch batch, string chain, uint mark, NfExpression action) => batch.AddRule(
        table, chain, [.. NfMatch.Bits(new NfExpression.Meta(NfMeta.Mark), mark, areSet: true), action]);
}
