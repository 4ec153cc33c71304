using Noded.Bpf;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.ServiceProxy.Datapath;

/// <summary>Marks by which rules of the node finish what a program cannot.</summary>
/// <param name="Masquerade">The rule translates the source; 0 for none.</param>
/// <param name="Reject">The rule refuses; with 0 the packet is dropped.</param>
public sealed record PacketMarks(uint Masquerade = 0, uint Reject = 0);

/// <summary>
/// The programs at the host's ends of pods' veths and at uplinks. They read the maps of <see cref="SocketDatapath"/>, which
/// must have been opened before. What is attached stays when this process ends, and ends with the link.
/// </summary>
internal sealed class PacketDatapath : IDisposable
{
    private readonly BpfObject _object;
    private readonly string _links;
    private readonly LinkHook _hook;

    private PacketDatapath(BpfObject loaded, string links, LinkHook hook) =>
        (_object, _links, _hook) = (loaded, links, hook);

    /// <exception cref="BpfException">The kernel refuses the programs.</exception>
    public static PacketDatapath Open(string pins, PacketMarks marks, LinkHook hook)
    {
        BpfObject packet = BpfObject.Open("packet", BpfObjects.Read("packet"));
        List<BpfMapHandle> pinned = [];
        try
        {
            packet.SetConstant("masquerade_mark", marks.Masquerade);
            packet.SetConstant("reject_mark", marks.Reject);
            string mapPins = Path.Combine(pins, "maps");
            foreach (string name in (string[])[.. ServiceMaps.Names, "flows"])
            {
                if (BpfMapHandle.TryOpenPin(name, Path.Combine(mapPins, name)) is BpfMapHandle map)
                {
                    pinned.Add(map);
                    packet.ReuseMap(name, map);
                }
                else if (name != "flows")
                {
                    throw new InvalidOperationException($"Map {name} is not pinned in {mapPins}.");
                }
            }

            packet.Load();
            if (pinned.All(map => map.Name != "flows"))
            {
                using BpfMapHandle flows = packet.Map("flows");
                flows.Pin(Path.Combine(mapPins, "flows"));
            }

            return new PacketDatapath(packet, LinksOf(pins), hook);
        }
        catch
        {
            packet.Dispose();
            throw;
        }
        finally
        {
            pinned.ForEach(map => map.Dispose());
        }
    }

    /// <summary>Takes every program of this node off its links, for reset.</summary>
    public static void Remove(string pins)
    {
        foreach (LinkProgram program in LinkProgram.Find(LinksOf(pins)))
        {
            program.Detach();
        }
    }

    /// <summary>Links that have programs of ours, or of our predecessors; some may be gone.</summary>
    public IReadOnlySet<int> Attached => LinkProgram.Find(_links).Select(program => program.LinkIndex).ToHashSet();

    /// <summary>Translates what a pod sends and gets, at the host's end of its veth.</summary>
    /// <exception cref="IOException">The link is gone, or the kernel refuses.</exception>
    public void AttachPod(int linkIndex) => Attach(linkIndex, "from_pod");

    /// <summary>Translates what comes from outside and its answers.</summary>
    /// <exception cref="IOException">The link is gone, or the kernel refuses.</exception>
    public void AttachUplink(int linkIndex) => Attach(linkIndex, "from_uplink");

    /// <summary>Lets packets of a link pass as they are; nothing when it is gone.</summary>
    public void Detach(int linkIndex)
    {
        new LinkProgram(_links, _hook, linkIndex, TrafficDirection.Ingress).Detach();
        new LinkProgram(_links, _hook, linkIndex, TrafficDirection.Egress).Detach();
    }

    public void Dispose() => _object.Dispose();

    private static string LinksOf(string pins) => Path.Combine(pins, "links");

    private void Attach(int linkIndex, string inward)
    {
        // The way back first: an answer must not meet a client that does not expect it.
        Attach(linkIndex, "to_client", TrafficDirection.Egress);
        Attach(linkIndex, inward, TrafficDirection.Ingress);
    }

    private void Attach(int linkIndex, string name, TrafficDirection direction)
    {
        using BpfProgram program = _object.Program(name);
        new LinkProgram(_links, _hook, linkIndex, direction).Attach(program);
    }
}
