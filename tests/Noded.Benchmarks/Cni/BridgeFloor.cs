using System.Diagnostics;
using System.Net;
using Noded.Linux;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Benchmarks.Cni;

/// <summary>
/// The netlink requests of the bridge plugin's ADD and DEL, in its order, from a process that runs already: no start, no
/// configuration, no lease, no settings.
/// </summary>
internal sealed class BridgeFloor
{
    private const string Host = "vethfloor";
    private const string Inside = "eth0";

    private static readonly IPPrefix Address = IPPrefix.Parse("10.1.9.2/24");
    private static readonly IPPrefix Gateway = IPPrefix.Parse("10.1.9.1/24");

    private readonly string _bridge;
    private readonly NetworkNamespace _machine;
    private readonly NetworkNamespace _pod;

    private BridgeFloor(string bridge, NetworkNamespace machine, NetworkNamespace pod) =>
        (_bridge, _machine, _pod) = (bridge, machine, pod);

    /// <summary>With a bridge that is up and has its address, as after the first ADD.</summary>
    internal static async Task<BridgeFloor> CreateAsync(NodeSandbox sandbox, int number, CancellationToken cancellationToken)
    {
        string pod = $"pod{number}";
        (await sandbox.RunAsync("ip", ["netns", "add", pod], cancellationToken)).OrThrow();
        BridgeFloor floor = new(
            CniPeer.BridgeOf(number),
            new NetworkNamespace($"/proc/{sandbox.InitPid}/ns/net"),
            new NetworkNamespace($"/proc/{sandbox.InitPid}/root/run/netns/{pod}"));
        using RtNetlink host = RtNetlink.Open(floor._machine);
        host.AddBridge(floor._bridge, mtu: null, address: null);
        int bridge = host.GetLink(floor._bridge).Index;
        host.ChangeLink(bridge, new LinkChange { Up = true });
        host.AddAddress(bridge, Gateway);
        return floor;
    }

    /// <summary>Milliseconds.</summary>
    internal double Add() => Measure(() =>
    {
        using RtNetlink host = RtNetlink.Open(_machine);
        using RtNetlink inside = RtNetlink.Open(_pod);
        inside.FindLink(Inside);
        Link bridge = host.GetLink(_bridge);

        using (SafeFd target = _pod.Open())
        {
            host.AddVeth(
                new VethEnd(Host) { Mtu = bridge.Mtu },
                new VethEnd(Inside) { Mtu = bridge.Mtu, Namespace = target },
                bridge.Index,
                up: true);
        }

        host.GetLink(Host);
        Link link = inside.GetLink(Inside);
        inside.ChangeLink(link.Index, new LinkChange { Up = true });
        inside.AddAddress(link.Index, Address);
        inside.AddRoute(new Route(new IPPrefix(IPAddress.Any, 0)) { LinkIndex = link.Index, Gateway = Gateway.Address });
        host.GetAddresses(bridge.Index);
    });

    /// <summary>Milliseconds.</summary>
    internal double Del() => Measure(() =>
    {
        using RtNetlink host = RtNetlink.Open(_machine);
        host.DeleteLink(Host);
    });

    private static double Measure(Action act)
    {
        long start = Stopwatch.GetTimestamp();
        act();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
