using Noded.Cni.Plugins.Interfaces;
using Noded.Cni.Results;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Cni.Plugins.Bandwidth;

/// <summary>
/// Limits what a container receives, at the host's end of its veth pair, and what it sends, at a link of its own that
/// everything from that end is led through: a queueing discipline holds back what leaves a link, not what arrives.
/// </summary>
internal sealed class BandwidthPlugin : ICniPlugin
{
    public CniResult Add(CniRequest request)
    {
        CniResult previous = request.RequirePreviousResult();
        BandwidthRequest wish = BandwidthRequest.Create(request);

        if (wish is { Ingress: null, Egress: null })
        {
            return previous;
        }

        using RtNetlink host = RtNetlink.Open();
        Link veth = FindVeth(request, previous, host);
        return Undo.Run(undo =>
        {
            if (wish.Ingress is TokenBucket ingress)
            {
                undo.Push(() => host.DeleteTokenBucket(veth.Index));
                host.ReplaceTokenBucket(veth.Index, ingress);
            }

            return wish.Egress is TokenBucket egress
                ? WithInterface(previous, AddLimiter(request, host, veth, egress, undo))
                : previous;
        });
    }

    public void Del(CniRequest request)
    {
        // The rest goes with the veth pair.
        using RtNetlink host = RtNetlink.Open();
        host.DeleteLink(NameOf(request));
    }

    public void Check(CniRequest request)
    {
        CniResult previous = request.RequirePreviousResult();
        BandwidthRequest wish = BandwidthRequest.Create(request);

        if (wish is { Ingress: null, Egress: null })
        {
            return;
        }

        using RtNetlink host = RtNetlink.Open();
        Link veth = FindVeth(request, previous, host);
        CheckBucket(host, veth, wish.Ingress);

        if (wish.Egress is TokenBucket egress)
        {
            Link limiter = host.FindLink(NameOf(request)) ?? throw CheckFailed($"link {NameOf(request)} is missing");
            CheckBucket(host, limiter, egress);

            if (!limiter.IsUp || host.FindIngressRedirect(veth.Index) != limiter.Index)
            {
                throw CheckFailed($"what arrives at {veth.Name} is not led through {limiter.Name}");
            }
        }
    }

    public void Gc(CniRequest request)
    {
        string network = request.Config.Name!;
        HashSet<string> valid =
            [.. request.ValidAttachments.Select(attachment => HostLinkName.Limiter.Create(network, attachment))];
        using RtNetlink host = RtNetlink.Open();

        foreach (Link link in host.GetLinks())
        {
            if (link.Kind == "ifb" && HostLinkName.Limiter.IsOf(network, link.Name) && !valid.Contains(link.Name))
            {
                host.DeleteLink(link.Index);
            }
        }
    }

    public void Status(CniRequest request) => BandwidthRequest.Create(request);

    private static Link AddLimiter(CniRequest request, RtNetlink host, Link veth, TokenBucket egress, Undo undo)
    {
        string name = NameOf(request);

        // Of an ADD that was killed: nothing leads to it, or the veth pair would be there still and refused before.
        host.DeleteLink(name);
        undo.Push(() => host.DeleteLink(name));
        host.AddLink("ifb", name, veth.Mtu, up: true);
        Link limiter = host.GetLink(name);
        host.ReplaceTokenBucket(limiter.Index, egress);
        host.RedirectIngress(veth.Index, limiter.Index);
        return limiter;
    }

    private static string NameOf(CniRequest request) =>
        HostLinkName.Limiter.Create(request.Config.Name!, request.Attachment);

    /// <summary>The link of the result that is the other end of the container's.</summary>
    private static Link FindVeth(CniRequest request, CniResult previous, RtNetlink host)
    {
        using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);
        Link link = inside.FindLink(request.Attachment.InterfaceName)
            ?? throw NoVeth($"the container has no interface {request.Attachment.InterfaceName}");

        return (previous.Interfaces ?? [])
            .Where(candidate => string.IsNullOrEmpty(candidate.Sandbox))
            .Select(candidate => host.FindLink(candidate.Name))
            .FirstOrDefault(candidate => candidate is { Kind: "veth" } && candidate.Index == link.PeerIndex)
            ?? throw NoVeth($"no interface of prevResult is the peer of {link.Name}");
    }

    private static CniResult WithInterface(CniResult previous, Link limiter) => previous with
    {
        Interfaces =
        [
            .. previous.Interfaces ?? [],
            new CniInterface(limiter.Name, limiter.Address?.ToString()) { Mtu = limiter.Mtu },
        ],
    };

    private static void CheckBucket(RtNetlink host, Link link, TokenBucket? wish)
    {
        if (wish is null)
        {
            return;
        }

        // The kernel does not tell the burst; the limit contains it.
        TokenBucket? present = host.FindTokenBucket(link.Index);

        if (present is null || present.BytesPerSecond != wish.BytesPerSecond || present.Limit != wish.Limit)
        {
            throw CheckFailed($"{link.Name} is not limited to {wish.BytesPerSecond} bytes per second");
        }
    }

    private static CniException NoVeth(string why) =>
        new(CniErrorCode.InvalidNetworkConfig, "no host interface found: bandwidth needs a veth pair", why);

    private static CniException CheckFailed(string message) => new(CniErrorCode.CheckFailed, message);
}
