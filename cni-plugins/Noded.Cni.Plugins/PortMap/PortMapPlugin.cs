using Noded.Cni.Results;
using Noded.Linux;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>
/// Leads ports of the machine to the container that the plugins before it in the chain have connected
/// (<c>runtimeConfig.portMappings</c>).
/// </summary>
internal sealed class PortMapPlugin : ICniPlugin
{
    public CniResult Add(CniRequest request)
    {
        CniResult previous = request.RequirePreviousResult();
        PortMapConfig config = PortMapReader.ReadConfig(request);
        IReadOnlyList<HostPort> ports = PortMapReader.ReadPorts(config);
        IReadOnlyList<IPPrefix> addresses = PortMapReader.ReadAddresses(previous, request.Attachment.InterfaceName);
        string label = LabelOf(request);
        IReadOnlyList<PortMapElement> elements = PortMapElement.Compute(label, config, ports, addresses);

        if (elements.Count == 0)
        {
            return previous;
        }

        if (ports.Any(port => PortMapElement.IsForLoopback(config, port)))
        {
            AllowLoopback(addresses);
        }

        using PortMapRules rules = new();
        rules.Add(request.Attachment, label, elements);

        try
        {
            PortMapConnections.ForgetStale(elements);
        }
        catch
        {
            rules.Remove($"take back the ports of {request.Attachment}", found => found == label);
            throw;
        }

        return previous;
    }

    public void Del(CniRequest request)
    {
        // The labels say what there is to remove, whatever the configuration says by now.
        string label = LabelOf(request);
        using PortMapRules rules = new();
        PortMapConnections.ForgetEnded(
            rules.Remove($"remove the ports of {request.Attachment}", found => found == label));
    }

    public void Check(CniRequest request)
    {
        CniResult previous = request.RequirePreviousResult();
        PortMapConfig config = PortMapReader.ReadConfig(request);
        IReadOnlyList<PortMapElement> elements = PortMapElement.Compute(
            LabelOf(request),
            config,
            PortMapReader.ReadPorts(config),
            PortMapReader.ReadAddresses(previous, request.Attachment.InterfaceName));

        if (elements.Count == 0)
        {
            return;
        }

        using PortMapRules rules = new();

        if (rules.FindFault(elements) is string fault)
        {
            throw new CniException(
                CniErrorCode.CheckFailed, $"the ports of {request.Attachment} are not mapped as they were: {fault}");
        }
    }

    public void Gc(CniRequest request)
    {
        string network = request.Config.Name!;
        HashSet<string> valid =
            [.. request.ValidAttachments.Select(attachment => AttachmentLabel.Of(network, attachment))];
        using PortMapRules rules = new();
        PortMapConnections.ForgetEnded(rules.Remove(
            $"remove the ports that are left over in {network}",
            found => AttachmentLabel.IsOf(found, network) && !valid.Contains(found)));
    }

    public void Status(CniRequest request)
    {
        PortMapReader.ReadConfig(request);

        try
        {
            using PortMapRules rules = new();
            rules.Probe();
        }
        catch (LinuxException e)
        {
            throw new CniException(
                CniErrorCode.PluginNotAvailable, "ports cannot be mapped: nf_tables is not available", e.Message, e);
        }
    }

    // The frame has checked that there is a name.
    private static string LabelOf(CniRequest request) => AttachmentLabel.Of(request.Config.Name!, request.Attachment);

    /// <summary>Lets packets from 127.0.0.1 leave by the link that leads to the container, and answers come back.</summary>
    private static void AllowLoopback(IReadOnlyList<IPPrefix> addresses)
    {
        using RtNetlink netlink = RtNetlink.Open();

        foreach (IPPrefix address in addresses.Where(address => address.IsV4))
        {
            // Without a route there is no way that could be opened.
            if (netlink.FindLinkTo(address.Address) is Link link)
            {
                string setting = $"/proc/sys/net/ipv4/conf/{link.Name}/route_localnet";

                if (File.ReadAllText(setting).TrimEnd() != "1")
                {
                    File.WriteAllText(setting, "1");
                }
            }
        }
    }
}
