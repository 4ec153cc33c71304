using Noded.Linux.Netlink.NfTables;
using Noded.Primitives;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>How mapped ports are laid out in nf_tables: a constant number of rules that look into maps.</summary>
internal static class PortMapTable
{
    internal const NfFamily Family = NfFamily.Inet;

    // Another layout needs another name.
    internal const string Name = "noded-hostports";

    internal static readonly PortMapFamily V4 = new(IsV6: false);
    internal static readonly PortMapFamily V6 = new(IsV6: true);

    /// <summary>All maps and sets; each element is one container's and bears its label.</summary>
    internal static readonly NfSet[] Sets =
        [V4.AddressPorts, V4.Ports, V4.AddressSources, V4.Sources, V6.AddressPorts, V6.Ports, V6.AddressSources, V6.Sources];

    private const string Forward = "forward-ports";

    // What tells the last chain that the connection came through a mapped port from where an answer would not find back.
    // The reference plugin uses the same bit to the same end.
    private const uint MasqueradeMark = 0x2000;

    // NF_CT_STATE_BIT of ESTABLISHED and RELATED; IPS_DST_NAT.
    private const uint KnownStates = 0x6;
    private const uint DestinationNatStatus = 0x20;

    /// <summary>Chains by name with the number of their rules and of jumps to them.</summary>
    internal static readonly (string Chain, uint Use)[] Chains =
        [(Forward, 8 + 2), ("prerouting", 1), ("output", 1), ("postrouting", 1), ("input", 1)];

    /// <summary>The table with everything that does not depend on containers.</summary>
    internal static void Add(NfBatch batch)
    {
        batch.AddTable(Name, "ports of the machine that lead to pods");

        foreach (NfSet set in Sets)
        {
            batch.AddSet(Name, set);
        }

        batch.AddChain(Name, Forward);
        batch.AddChain(Name, "prerouting", NfBaseChain.DestinationNat(NfHook.Prerouting));
        batch.AddChain(Name, "output", NfBaseChain.DestinationNat(NfHook.Output));
        batch.AddChain(Name, "postrouting", NfBaseChain.SourceNat);
        batch.AddChain(Name, "input", NfBaseChain.Filter(NfHook.Input));

        AddForwarding(batch, V4);
        AddForwarding(batch, V6);

        NfExpression[] local = [.. NfMatch.DestinationIsLocal, new NfExpression.Immediate(NfVerdict.Jump(Forward))];
        batch.AddRule(Name, "prerouting", local);
        batch.AddRule(Name, "output", local);
        batch.AddRule(
            Name,
            "postrouting",
            [
                .. NfMatch.Bits(new NfExpression.Connection(NfConnection.Status), DestinationNatStatus, areSet: true),
                .. NfMatch.Bits(new NfExpression.Meta(NfMeta.Mark), MasqueradeMark, areSet: true),
                new NfExpression.Masquerade(),
            ]);

        // route_localnet lets containers send to what listens on 127.0.0.1 alone; nothing but answers may.
        batch.AddRule(
            Name,
            "input",
            [
                .. NfMatch.DestinationIn(IPPrefix.Parse("127.0.0.0/8")),
                .. NfMatch.InputLinkIsNot("lo"),
                .. NfMatch.Bits(new NfExpression.Connection(NfConnection.State), KnownStates, areSet: false),
                .. NfMatch.Bits(new NfExpression.Connection(NfConnection.Status), DestinationNatStatus, areSet: false),
                new NfExpression.Immediate(NfVerdict.Drop),
            ]);
    }

    internal static PortMapFamily Of(bool isV6) => isV6 ? V6 : V4;

    private static void AddForwarding(NfBatch batch, PortMapFamily family)
    {
        int words = family.AddressLength / sizeof(uint);
        NfExpression[] start = NfMatch.Family(family.IsV6);
        NfExpression[] byPort = [new NfExpression.Meta(NfMeta.TransportProtocol), NfMatch.LoadDestinationPort(to: 1)];
        NfExpression[] byAddress =
        [
            NfMatch.LoadDestination(family.IsV6),
            new NfExpression.Meta(NfMeta.TransportProtocol, words),
            NfMatch.LoadDestinationPort(words + 1),
        ];
        NfExpression[] mark = NfMatch.SetMark(MasqueradeMark);
        NfExpression translate = new NfExpression.DestinationNat(
            family.IsV6 ? NfFamily.Ipv6 : NfFamily.Ipv4, Address: 0, Port: words);

        // A mapping of one address comes before one of all.
        batch.AddRule(
            Name,
            Forward,
            [.. start, .. byAddress, NfMatch.LoadSource(family.IsV6, words + 2),
                new NfExpression.Lookup(family.AddressSources.Name), .. mark]);
        batch.AddRule(
            Name,
            Forward,
            [.. start, .. byAddress, new NfExpression.Lookup(family.AddressPorts.Name, To: 0), translate]);
        batch.AddRule(
            Name,
            Forward,
            [.. start, .. byPort, NfMatch.LoadSource(family.IsV6, to: 2),
                new NfExpression.Lookup(family.Sources.Name), .. mark]);
        batch.AddRule(
            Name, Forward, [.. start, .. byPort, new NfExpression.Lookup(family.Ports.Name, To: 0), translate]);
    }
}
