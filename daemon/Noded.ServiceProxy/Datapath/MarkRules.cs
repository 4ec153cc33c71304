using Noded.Linux.Netlink.NfTables;

namespace Noded.ServiceProxy.Datapath;

/// <summary>
/// The one rule that finishes what the programs at links began: packets that they marked get this node as their source.
/// It does not depend on Services, so it is made once.
/// </summary>
internal static class MarkRules
{
    /// <summary>The bit that kube-proxy uses to the same end.</summary>
    internal const uint Masquerade = 0x4000;

    internal const string Table = "noded-services";
    private const string Chain = "postrouting";

    public static void Ensure()
    {
        using NfRuleSet rules = NfRuleSet.Open(NfFamily.Inet);
        rules.Change("add the rule that masquerades for Services", () =>
        {
            NfBatch batch = new(NfFamily.Inet);
            if (rules.FindTable(Table) is null)
            {
                batch.AddTable(Table, "packets of Services whose answers must come back this way");
                batch.AddChain(Table, Chain, NfBaseChain.SourceNat);
                batch.AddRule(
                    Table,
                    Chain,
                    [
                        .. NfMatch.Bits(new NfExpression.Meta(NfMeta.Mark), Masquerade, areSet: true),
                        new NfExpression.Masquerade(),
                    ]);
            }

            return batch;
        });
    }

    public static void Remove()
    {
        using NfRuleSet rules = NfRuleSet.Open(NfFamily.Inet);
        rules.Change("remove the rule that masquerades for Services", () =>
        {
            NfBatch batch = new(NfFamily.Inet);
            if (rules.FindTable(Table) is not null)
            {
                batch.DeleteTable(Table);
            }

            return batch;
        });
    }
}
