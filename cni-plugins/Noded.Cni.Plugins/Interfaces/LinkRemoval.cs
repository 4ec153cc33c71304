using Noded.Cni.Plugins.Masquerade;
using Noded.Linux;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Cni.Plugins.Interfaces;

/// <summary>Takes veth pairs away, whichever end is still to be found.</summary>
internal static class LinkRemoval
{
    /// <summary>Removes the attachment's pair and what masquerades its addresses; nothing there is no error.</summary>
    internal static void Remove(CniRequest request, bool isMasqueraded)
    {
        if (!isMasqueraded)
        {
            Remove(request);
            return;
        }

        // The kernel takes its time for either, most of it until no processor can be in the middle of a packet: one
        // wait instead of two.
        Task pair = Task.Factory.StartNew(
            () => Remove(request), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        try
        {
            using MasqueradeRules masquerade = new();
            masquerade.Remove(request.Config.Name!, request.Attachment);
        }
        finally
        {
            pair.GetAwaiter().GetResult();
        }
    }

    /// <summary>Removes the network's pairs whose attachments are not valid.</summary>
    /// <param name="isCandidate">Which links of such a name the plugin makes.</param>
    internal static void RemoveInvalid(RtNetlink host, CniRequest request, Func<Link, bool> isCandidate)
    {
        string network = request.Config.Name!;
        HashSet<string> valid = [.. request.ValidAttachments.Select(attachment => HostLinkName.Veth.Create(network, attachment))];

        foreach (Link link in host.GetLinks())
        {
            if (link.Kind == "veth" && HostLinkName.Veth.IsOf(network, link.Name) && isCandidate(link) && !valid.Contains(link.Name))
            {
                host.DeleteLink(link.Index);
            }
        }
    }

    private static void Remove(CniRequest request)
    {
        using RtNetlink host = RtNetlink.Open();

        // By the name that follows from the call: the pair goes with either end, and the namespace need not be entered.
        if (!host.DeleteLink(HostLinkName.Veth.Create(request.Config.Name!, request.Attachment)))
        {
            RemoveInside(request);
        }
    }

    /// <summary>A pair that another implementation made, under a name of its own.</summary>
    private static void RemoveInside(CniRequest request)
    {
        if (request.Arguments.NetworkNamespacePath is null)
        {
            return;
        }

        try
        {
            using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);

            if (inside.FindLink(request.Attachment.InterfaceName) is { Kind: "veth" } link)
            {
                inside.DeleteLink(link.Index);
            }
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.EINVAL)
        {
            // No namespace, or a plain file that it was mounted on: its links went with it.
        }
    }
}
