using Noded.Cni.Plugins.Masquerade;
using Noded.Linux.Namespaces;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Cni.Plugins.Tests.Masquerade;

/// <summary>Against the kernel, with packets; nft(8) is the second opinion.</summary>
[Trait("Category", "Integration")]
public sealed class MasqueradeRulesTests : IAsyncLifetime
{
    private static readonly Attachment Pod = new("container-1", "eth0");
    private static readonly Attachment Other = new("container-2", "eth0");
    private static readonly IPPrefix[] Addresses = [IPPrefix.Parse("10.88.0.11/24"), IPPrefix.Parse("fd88::11/64")];
    private static readonly IPPrefix[] OtherAddresses = [IPPrefix.Parse("10.88.0.12/24"), IPPrefix.Parse("fd88::12/64")];

    private NodeSandbox _sandbox = null!;
    private NetworkNamespace _host = null!;
    private MasqueradeRules _rules = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Program("nft", "ip");
        _sandbox = await NodeSandbox.CreateAsync(Token);
        _host = new NetworkNamespace($"/proc/{_sandbox.InitPid}/ns/net");
        _rules = new MasqueradeRules(_host);
    }

    public async ValueTask DisposeAsync()
    {
        _rules?.Dispose();
        await _sandbox.DisposeAsync();
    }

    [Fact]
    public async Task Add_TwoPods_IsTwoRulesAndAnElementEach()
    {
        _rules.Add("net1", Pod, Addresses);
        _rules.Add("net1", Other, [IPPrefix.Parse("10.88.0.12/24")]);

        Assert.Equal(
            """
            table inet noded-masquerade {
                comment "pods' traffic to other networks gets the machine's address"
                map pods4 {
                    type ipv4_addr : verdict
                    elements = { 10.88.0.11 comment "net1 container-1 eth0" : jump net-net1-10.88.0.0-24, 10.88.0.12 comment "net1 container-2 eth0" : jump net-net1-10.88.0.0-24 }
                }
                map pods6 {
                    type ipv6_addr : verdict
                    elements = { fd88::11 comment "net1 container-1 eth0" : jump net-net1-fd88__-64 }
                }
                chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                    ip saddr vmap @pods4
                    ip6 saddr vmap @pods6
                }
                chain net-net1-10.88.0.0-24 {
                    ip daddr 10.88.0.0/24 return
                    ip daddr 224.0.0.0/4 return
                    masquerade
                }
                chain net-net1-fd88__-64 {
                    ip6 daddr fd88::/64 return
                    ip6 daddr ff00::/8 return
                    masquerade
                }
            }

            """,
            (await RuleSetAsync()).Replace("\n\n", "\n", StringComparison.Ordinal).Replace("\t", "    ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("TCP4:192.0.2.2:80", "192.0.2.1")]
    [InlineData("TCP6:[2001:db8::2]:80", "[2001:0db8:0000:0000:0000:0000:0000:0001]")]
    [InlineData("TCP4:10.88.0.12:80", "10.88.0.11")]
    [InlineData("TCP6:[fd88::12]:80", "[fd88:0000:0000:0000:0000:0000:0000:0011]")]
    public async Task Add_Packets_HaveTheHostsAddressOutsideTheirNetworkAlone(string target, string source)
    {
        Requires.Program("socat");
        (await _sandbox.RunAsync("sh", ["-ec", Network], Token)).OrThrow();
        string where = target.Contains("::12", StringComparison.Ordinal) || target.Contains("0.12", StringComparison.Ordinal)
            ? "other"
            : "outside";
        await using ChildProcess server = await _sandbox.StartAsync(
            "ip",
            ["netns", "exec", where, "socat", "-d", "-d", $"{target[..4]}-LISTEN:80,fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR"],
            Token);
        await server.Errors.WaitForLineAsync("listening on", Token);

        _rules.Add("net1", Pod, Addresses);

        ProgramResult answer = await _sandbox.RunAsync(
            "ip", ["netns", "exec", "pod", "socat", "-T5", "-u", $"{target},connect-timeout=5", "STDOUT"], Token);
        Assert.Equal(source, answer.OrThrow().Output.Trim());
    }

    [Fact]
    public async Task Add_Twice_IsTheSame()
    {
        _rules.Add("net1", Pod, Addresses);
        string once = await RuleSetAsync();

        _rules.Add("net1", Pod, Addresses);

        Assert.Equal(once, await RuleSetAsync());
    }

    [Fact]
    public async Task Add_AddressOfAPodThatIsGone_ChangesHands()
    {
        _rules.Add("net1", Pod, Addresses);

        _rules.Add("net2", Other, Addresses);
        string rules = await RuleSetAsync();
        _rules.Remove("net1", Pod);

        Assert.Equal(rules, await RuleSetAsync());
        Assert.DoesNotContain("net1", rules, StringComparison.Ordinal);
        _rules.Check("net2", Other, Addresses);
    }

    [Fact]
    public async Task Remove_OneAfterTheOther_LeavesNothing()
    {
        _rules.Add("net1", Pod, Addresses);
        _rules.Add("net2", Other, OtherAddresses);

        _rules.Remove("net1", Pod);
        string rules = await RuleSetAsync();
        _rules.Remove("net1", Pod);
        _rules.Remove("net2", Other);
        _rules.Remove("net2", Other);

        Assert.DoesNotContain("net1", rules, StringComparison.Ordinal);
        Assert.Contains("net-net2-10.88.0.0-24", rules, StringComparison.Ordinal);
        Assert.Equal("", await RuleSetAsync());
    }

    [Fact]
    public async Task Gc_ValidOnes_StayWithOtherNetworks()
    {
        _rules.Add("net1", Pod, Addresses);
        _rules.Add("net1", Other, OtherAddresses);
        _rules.Add("net2", Pod, [IPPrefix.Parse("10.99.0.11/24")]);

        _rules.Gc("net1", new HashSet<Attachment> { Other });
        string rules = await RuleSetAsync();
        _rules.Gc("net1", new HashSet<Attachment>());
        _rules.Gc("net2", new HashSet<Attachment>());

        Assert.DoesNotContain("net1 container-1", rules, StringComparison.Ordinal);
        Assert.Contains("net1 container-2", rules, StringComparison.Ordinal);
        Assert.Contains("net2 container-1", rules, StringComparison.Ordinal);
        Assert.Equal("", await RuleSetAsync());
    }

    [Theory]
    [InlineData("nft delete element inet noded-masquerade pods4 { 10.88.0.11 }")]
    [InlineData("nft flush chain inet noded-masquerade postrouting")]
    [InlineData("nft flush chain inet noded-masquerade net-net1-10.88.0.0-24")]
    [InlineData("nft flush ruleset")]
    public async Task Check_SomethingIsMissing_IsAFault(string damage)
    {
        _rules.Add("net1", Pod, Addresses);
        _rules.Check("net1", Pod, Addresses);

        (await _sandbox.RunAsync("sh", ["-c", damage], Token)).OrThrow();

        CniException fault = Assert.Throws<CniException>(() => _rules.Check("net1", Pod, Addresses));
        Assert.Equal(CniErrorCode.CheckFailed, fault.Code);
    }

    [Fact]
    public async Task AddAndRemove_TwoHundredAtOnce_LeaveNothing()
    {
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token }, i =>
        {
            using MasqueradeRules rules = new(_host);
            Attachment attachment = new($"c{i}", "eth0");
            // Networks come and go while others use the table.
            string network = $"net{i % 5}";
            IPPrefix[] addresses = [IPPrefix.Parse($"10.{i % 5}.0.{i}/24"), IPPrefix.Parse($"fd{i % 5:x2}::{i:x}/64")];
            rules.Add(network, attachment, addresses);
            rules.Check(network, attachment, addresses);
            rules.Remove(network, attachment);
        });

        Assert.Equal("", await RuleSetAsync());
    }

    [Fact]
    public void Add_AmongTwoHundredAndFifty_IsQuick()
    {
        for (int i = 0; i < 250; i++)
        {
            _rules.Add("net1", new Attachment($"c{i}", "eth0"), [IPPrefix.Parse($"10.88.1.{i}/20")]);
        }

        // The median of many, so that neighbours on the machine do not matter.
        TimeSpan[] adds = [.. Enumerable.Range(0, 50).Select(i => Measure(
            () => _rules.Add("net1", new Attachment($"d{i}", "eth0"), [IPPrefix.Parse($"10.88.2.{i}/20")]))).Order()];
        TimeSpan[] removals = [.. Enumerable.Range(0, 50).Select(i => Measure(
            () => _rules.Remove("net1", new Attachment($"d{i}", "eth0")))).Order()];
        TestContext.Current.SendDiagnosticMessage($"ADD {adds[25].TotalMicroseconds} us, DEL {removals[25].TotalMicroseconds} us");

        Assert.InRange(adds[25], TimeSpan.Zero, TimeSpan.FromMilliseconds(20));
        Assert.InRange(removals[25], TimeSpan.Zero, TimeSpan.FromMilliseconds(20));
    }

    /// <summary>The pod and another on a bridge, and the outside beyond the host.</summary>
    private const string Network = """
        for where in outside pod other; do
          ip netns add $where
          ip netns exec $where sh -c 'echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad'
        done
        echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad
        echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
        echo 1 > /proc/sys/net/ipv4/ip_forward
        echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
        ip link add br0 type bridge
        ip address add 10.88.0.1/24 dev br0
        ip -6 address add fd88::1/64 dev br0
        ip link set br0 up
        ip link add up0 type veth peer name eth0 netns outside
        ip address add 192.0.2.1/24 dev up0
        ip -6 address add 2001:db8::1/64 dev up0
        ip link set up0 up
        ip -n outside address add 192.0.2.2/24 dev eth0
        ip -n outside -6 address add 2001:db8::2/64 dev eth0
        ip -n outside link set eth0 up
        number=11
        for pod in pod other; do
          ip link add v-$pod type veth peer name eth0 netns $pod
          ip link set v-$pod master br0 up
          ip -n $pod address add 10.88.0.$number/24 dev eth0
          ip -n $pod -6 address add fd88::$number/64 dev eth0
          ip -n $pod link set eth0 up
          ip -n $pod route add default via 10.88.0.1
          ip -n $pod -6 route add default via fd88::1
          number=12
        done
        """;

    private static TimeSpan Measure(Action act)
    {
        long start = TimeProvider.System.GetTimestamp();
        act();
        return TimeProvider.System.GetElapsedTime(start);
    }

    private async Task<string> RuleSetAsync() => (await _sandbox.RunAsync("nft", ["list", "ruleset"], Token)).OrThrow().Output;
}
