using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.ServiceProxy.Reflectors;

namespace Noded.ServiceProxy.Datapath;

/// <summary>
/// Keeps programs at the uplinks and at the host's ends of pods' veths, and tells the socket programs which pods have
/// them: those pods' datagrams are translated as packets, so that also a connected socket never keeps a backend that is
/// gone. Until a pod's link has its programs, its sockets are translated. Not thread-safe.
/// </summary>
internal sealed partial class LinkAttachments(ServiceMaps maps, PacketDatapath packets, ILogger logger)
{
    private readonly ulong _host = NamespaceCookies.Read(NetworkNamespace.Own);
    private readonly Dictionary<string, AttachedPod> _pods = [];
    private ImmutableHashSet<int> _uplinks = [];
    private bool _arePodsKnown;

    /// <summary>Links with programs now.</summary>
    public int Count => _uplinks.Count + _pods.Count;

    public void SetUplinks(ImmutableHashSet<int> uplinks)
    {
        foreach (int gone in _uplinks.Except(uplinks))
        {
            packets.Detach(gone);
        }

        _uplinks = [.. uplinks.Where(link => _uplinks.Contains(link) || TryAttachUplink(link))];
    }

    public void SetPods(ImmutableArray<PodNetwork> pods)
    {
        HashSet<string> wanted = [.. pods.Select(pod => pod.Namespace)];
        foreach ((string path, AttachedPod gone) in _pods.Where(pod => !wanted.Contains(pod.Key)).ToArray())
        {
            maps.Clients.Remove(gone.Cookie);
            packets.Detach(gone.LinkIndex);
            _pods.Remove(path);
        }

        foreach (PodNetwork pod in pods.Where(pod => !_pods.ContainsKey(pod.Namespace)))
        {
            if (TryAttachPod(pod) is { } attached)
            {
                _pods.Add(pod.Namespace, attached);
            }
        }

        if (!_arePodsKnown)
        {
            _arePodsKnown = true;
            RemoveLeftovers();
        }
    }

    /// <summary>What a predecessor attached for links and pods that have gone since.</summary>
    private void RemoveLeftovers()
    {
        foreach (int link in packets.Attached.Except(_uplinks).Except(_pods.Values.Select(pod => pod.LinkIndex)))
        {
            packets.Detach(link);
        }

        foreach (ulong cookie in maps.Clients.Keys().Except(_pods.Values.Select(pod => pod.Cookie)).Where(key => key != _host))
        {
            maps.Clients.Remove(cookie);
        }
    }

    private bool TryAttachUplink(int link)
    {
        try
        {
            packets.AttachUplink(link);
            return true;
        }
        catch (IOException e)
        {
            // Gone again, most likely, which is the next news; the others go on.
            LogNotAttached(link, e.Message);
            return false;
        }
    }

    private AttachedPod? TryAttachPod(PodNetwork pod)
    {
        try
        {
            NetworkNamespace inside = new(pod.Namespace);
            ulong cookie = NamespaceCookies.Read(inside);
            if (cookie == _host || FindHostEnd(inside, pod.Addresses) is not { } link)
            {
                return null;
            }

            packets.AttachPod(link);
            maps.Clients.Set(
                cookie,
                new ClientEntry(
                    ClientFlags.PacketUdp,
                    pod.Addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork),
                    pod.Addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetworkV6)));
            return new AttachedPod(link, cookie);
        }
        catch (IOException e)
        {
            LogPodNotAttached(pod.Namespace, e.Message);
            return null;
        }
    }

    /// <summary>The other end of the pod's veth; null when it is connected by something else.</summary>
    private static int? FindHostEnd(NetworkNamespace inside, ImmutableArray<IPAddress> addresses)
    {
        using RtNetlink netlink = RtNetlink.Open(inside);
        return netlink.GetAddresses().FirstOrDefault(address => addresses.Contains(address.Prefix.Address)) is { } own
            && netlink.FindLink(own.LinkIndex) is { Kind: "veth" } link
            ? link.PeerIndex
            : null;
    }

    [LoggerMessage(EventId = 5010, Level = LogLevel.Warning, Message = "Services are not translated for packets of link {Link}: {Error}")]
    private partial void LogNotAttached(int link, string error);

    [LoggerMessage(EventId = 5011, Level = LogLevel.Warning, Message = "Services are translated at the sockets only of the pod in {Namespace}: {Error}")]
    private partial void LogPodNotAttached(string @namespace, string error);

    private sealed record AttachedPod(int LinkIndex, ulong Cookie);
}
