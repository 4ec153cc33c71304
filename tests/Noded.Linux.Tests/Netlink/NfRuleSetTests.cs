using System.Net;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.NfTables;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Linux.Tests.Netlink;

/// <summary>Against the kernel, in a network namespace of its own; nft(8) is the second opinion.</summary>
[Trait("Category", "Integration")]
public sealed class NfRuleSetTests : IAsyncLifetime
{
    private const string Table = "t";
    private static readonly NfSet Addresses = new("addresses", [NfFieldType.Ipv4Address]);

    private NodeSandbox _sandbox = null!;
    private NfRuleSet _rules = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Program("nft");
        _sandbox = await NodeSandbox.CreateAsync(Token);
        _rules = NfRuleSet.Open(NfFamily.Inet, new NetworkNamespace($"/proc/{_sandbox.InitPid}/ns/net"));
    }

    public async ValueTask DisposeAsync()
    {
        _rules?.Dispose();
        await _sandbox.DisposeAsync();
    }

    [Fact]
    public async Task Execute_EveryKindOfThing_IsWhatNftShows()
    {
        NfBatch batch = new(NfFamily.Inet);
        batch.AddTable(Table, "of a test");
        batch.AddSet(Table, new NfSet("verdicts", [NfFieldType.Ipv6Address]) { IsVerdictMap = true });
        batch.AddSet(
            Table,
            new NfSet("ports", [NfFieldType.Protocol, NfFieldType.Port])
            {
                Values = [NfFieldType.Ipv4Address, NfFieldType.Port],
            });
        batch.AddSet(
            Table, new NfSet("ranges", [NfFieldType.Port, NfFieldType.Ipv4Address]) { IsInterval = true });
        batch.AddChain(Table, "target", comment: "where it goes");
        batch.AddChain(Table, "nat-out", NfBaseChain.SourceNat);
        batch.AddChain(Table, "nat-in", NfBaseChain.DestinationNat(NfHook.Prerouting));
        batch.AddChain(Table, "guard", NfBaseChain.Filter(NfHook.Input));
        batch.AddRule(
            Table, "target", [.. NfMatch.DestinationIn(IPPrefix.Parse("fd00::/64")), new NfExpression.Immediate(NfVerdict.Return)]);
        batch.AddRule(
            Table,
            "nat-out",
            [.. NfMatch.Family(isV6: true), NfMatch.LoadSource(isV6: true), new NfExpression.LookupVerdict("verdicts")]);
        batch.AddRule(
            Table,
            "nat-out",
            [.. NfMatch.Bits(new NfExpression.Meta(NfMeta.Mark), 0x2000, areSet: true), new NfExpression.Masquerade()]);
        batch.AddRule(
            Table,
            "nat-in",
            [.. NfMatch.DestinationIsLocal, .. NfMatch.Family(isV6: false),
                new NfExpression.Meta(NfMeta.TransportProtocol), NfMatch.LoadDestinationPort(to: 1),
                new NfExpression.Lookup("ports", To: 0), new NfExpression.DestinationNat(NfFamily.Ipv4, Address: 0, Port: 1)]);
        batch.AddRule(
            Table,
            "nat-in",
            [.. NfMatch.Family(isV6: false), NfMatch.LoadDestinationPort(to: 0), NfMatch.LoadSource(isV6: false, to: 1),
                new NfExpression.Lookup("ranges"), .. NfMatch.SetMark(0x2000)]);
        batch.AddRule(
            Table,
            "guard",
            [.. NfMatch.DestinationIn(IPPrefix.Parse("127.0.0.0/8")), .. NfMatch.InputLinkIsNot("lo"),
                .. NfMatch.Bits(new NfExpression.Connection(NfConnection.State), 0x6, areSet: false),
                .. NfMatch.Bits(new NfExpression.Connection(NfConnection.Status), 0x20, areSet: false),
                new NfExpression.Immediate(NfVerdict.Drop)]);
        batch.AddElements(
            Table, "verdicts", new NfElement(NfKey.Of(IPAddress.Parse("fd00::2")), Verdict: NfVerdict.Jump("target"), Comment: "one"));
        batch.AddElements(
            Table,
            "ports",
            new NfElement(
                NfKey.OfProtocol(6).Then(NfKey.OfPort(80)),
                Value: NfKey.Of(IPAddress.Parse("10.1.0.2")).Then(NfKey.OfPort(8080))));
        batch.AddElements(
            Table,
            "ranges",
            new NfElement(
                NfKey.OfPort(80).Then(NfKey.Of(IPAddress.Parse("10.1.0.0"))),
                KeyEnd: NfKey.OfPort(80).Then(NfKey.Of(IPAddress.Parse("10.1.0.255"))),
                Comment: "two"));

        _rules.Execute(batch, "make everything");

        Assert.Equal(
            """
            table inet t {
                comment "of a test"
                map verdicts {
                    type ipv6_addr : verdict
                    elements = { fd00::2 comment "one" : jump target }
                }
                map ports {
                    type inet_proto . inet_service : ipv4_addr . inet_service
                    elements = { tcp . 80 : 10.1.0.2 . 8080 }
                }
                set ranges {
                    type inet_service . ipv4_addr
                    flags interval
                    elements = { 80 . 10.1.0.0/24 comment "two" }
                }
                chain target {
                    comment "where it goes"
                    ip6 daddr fd00::/64 return
                }
                chain nat-out {
                    type nat hook postrouting priority srcnat; policy accept;
                    ip6 saddr vmap @verdicts
                    meta mark & 0x00002000 == 0x00002000 masquerade
                }
                chain nat-in {
                    type nat hook prerouting priority dstnat; policy accept;
                    fib daddr type local meta nfproto ipv4 dnat ip to meta l4proto . th dport map @ports
                    th dport . ip saddr @ranges meta mark set meta mark | 0x00002000
                }
                chain guard {
                    type filter hook input priority filter; policy accept;
                    ip daddr 127.0.0.0/8 iifname != "lo" ct state ! established,related ct status ! dnat drop
                }
            }

            """,
            (await NftAsync("list", "ruleset")).Replace("\n\n", "\n", StringComparison.Ordinal).Replace("\t", "    ", StringComparison.Ordinal));
    }

    [Fact]
    public void Execute_OneIsRefused_NothingHappens()
    {
        AddSet("10.0.0.1");
        NfBatch batch = new(NfFamily.Inet);
        batch.AddElements(Table, Addresses.Name, Element("10.0.0.2"), Element("10.0.0.1"));

        LinuxException error = Assert.Throws<LinuxException>(() => _rules.Execute(batch, "add two"));

        Assert.Equal(Errno.EEXIST, error.Errno);
        Assert.StartsWith("add two: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(["10.0.0.1"], Elements());
    }

    [Fact]
    public void Execute_GenerationIsOld_IsRefused()
    {
        NfGeneration before = _rules.GetGeneration();
        AddSet("10.0.0.1");
        NfBatch batch = new(NfFamily.Inet);
        batch.DeleteTable(Table);

        Assert.Equal(
            Errno.ERESTART, Assert.Throws<LinuxException>(() => _rules.Execute(batch, "delete", before)).Errno);
        Assert.NotNull(_rules.FindTable(Table));
        _rules.Execute(batch, "delete", _rules.GetGeneration());
        Assert.Null(_rules.FindTable(Table));
    }

    [Fact]
    public void Change_SomebodyInterferes_IsDecidedAnew()
    {
        AddSet("10.0.0.1");
        List<string[]> seen = [];

        _rules.Change("add one", () =>
        {
            seen.Add([.. Elements()]);
            NfBatch own = new(NfFamily.Inet);
            own.AddElements(Table, Addresses.Name, Element("10.0.0.9"));

            if (seen.Count == 1)
            {
                NfBatch other = new(NfFamily.Inet);
                other.FlushSet(Table, Addresses.Name);
                _rules.Execute(other, "interfere");
            }

            return own;
        });

        Assert.Equal([["10.0.0.1"], []], seen);
        Assert.Equal(["10.0.0.9"], Elements());
    }

    [Fact]
    public void Execute_TableIsMissing_IsNoEntry()
    {
        NfBatch batch = new(NfFamily.Inet);
        batch.AddElements("none", "s", Element("10.0.0.1"));

        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => _rules.Execute(batch, "add")).Errno);
        Assert.Null(_rules.GetElements("none", "s"));
        Assert.Null(_rules.FindChain("none", "c"));
        Assert.Null(_rules.FindElement("none", "s", NfKey.OfPort(1)));
    }

    [Fact]
    public void Elements_AddedReadDeletedFlushed_AreAsWritten()
    {
        string[] all = [.. Enumerable.Range(0, 2000).Select(i => $"10.0.{i / 250}.{i % 250}")];
        AddSet(all);

        Assert.Equal(all, Elements().OrderBy(text => NfKey.Of(IPAddress.Parse(text)).ToString(), StringComparer.Ordinal));
        NfElement? one = _rules.FindElement(Table, Addresses.Name, NfKey.Of(IPAddress.Parse("10.0.3.7")));
        Assert.Equal("of 10.0.3.7", one?.Comment);
        NfBatch delete = new(NfFamily.Inet);
        delete.DeleteElements(Table, Addresses.Name, one!);
        _rules.Execute(delete, "delete one");
        Assert.Null(_rules.FindElement(Table, Addresses.Name, one!.Key));
        Assert.Equal(1999, Elements().Count());
        NfBatch flush = new(NfFamily.Inet);
        flush.FlushSet(Table, Addresses.Name);
        _rules.Execute(flush, "flush");
        Assert.Empty(Elements());
    }

    [Fact]
    public void FindChain_RulesAndJumps_AreCounted()
    {
        AddSet();
        NfBatch batch = new(NfFamily.Inet);
        batch.AddChain(Table, "from");
        batch.AddChain(Table, "to");
        batch.AddRule(Table, "from", new NfExpression.Immediate(NfVerdict.Jump("to")));
        batch.AddRule(Table, "to", new NfExpression.Immediate(NfVerdict.Return));
        _rules.Execute(batch, "add chains");

        Assert.Equal(2u, _rules.FindChain(Table, "to")?.Use);
        Assert.Equal(3u, _rules.FindTable(Table)?.Use);
        NfBatch delete = new(NfFamily.Inet);
        delete.DeleteChain(Table, "to");
        Assert.Equal(Errno.EBUSY, Assert.Throws<LinuxException>(() => _rules.Execute(delete, "delete")).Errno);
        NfBatch both = new(NfFamily.Inet);
        both.FlushChain(Table, "from");
        both.DeleteChain(Table, "from");
        both.DeleteChain(Table, "to");
        both.DeleteSet(Table, Addresses.Name);
        _rules.Execute(both, "delete both");
        Assert.Equal(0u, _rules.FindTable(Table)?.Use);
    }

    private static NfElement Element(string address) => new(NfKey.Of(IPAddress.Parse(address)), Comment: $"of {address}");

    private void AddSet(params string[] addresses)
    {
        NfBatch batch = new(NfFamily.Inet);
        batch.AddTable(Table);
        batch.AddSet(Table, Addresses);
        batch.AddElements(Table, Addresses.Name, [.. addresses.Select(Element)]);
        _rules.Execute(batch, "add set");
    }

    private IEnumerable<string> Elements() =>
        _rules.GetElements(Table, Addresses.Name)!.Select(element => element.Key.TryGetAddress(0, isV6: false)!.ToString());

    private async Task<string> NftAsync(params string[] arguments) =>
        (await _sandbox.RunAsync("nft", arguments, Token)).OrThrow().Output;
}
