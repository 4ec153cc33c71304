using System.Globalization;
using Noded.Bpf;

namespace Noded.ServiceProxy.Datapath;

/// <summary>Marks by which rules of the node finish what a program cannot.</summary>
/// <param name="Masquerade">The rule translates the source; 0 for none.</param>
/// <param name="Reject">The rule refuses; with 0 the packet is dropped.</param>
public sealed record PacketMarks(uint Masquerade = 0, uint Reject = 0);

/// <summary>
/// The programs at the host's ends of pods' veths and at uplinks. They read the maps of <see cref="SocketDatapath"/>, which
/// must have been opened before. Attachments are pinned by the link's index and end with the link.
/// </summary>
internal sealed class PacketDatapath : IDisposable
{
    private readonly BpfObject _object;
    private readonly string _pins;
    private readonly List<BpfLink> _links = [];

    private PacketDatapath(BpfObject loaded, string pins) => (_object, _pins) = (loaded, pins);

    /// <exception cref="BpfException">The kernel refuses, or has no tcx (6.6).</exception>
    public static PacketDatapath Open(string pins, PacketMarks marks)
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

            return new PacketDatapath(packet, pins);
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

    /// <summary>Translates what a pod sends and gets, at the host's end of its veth.</summary>
    public void AttachPod(int linkIndex) => Attach(linkIndex, "from_pod");

    /// <summary>Translates what comes from outside and its answers.</summary>
    public void AttachUplink(int linkIndex) => Attach(linkIndex, "from_uplink");

    public void Dispose()
    {
        _links.ForEach(link => link.Dispose());
        _object.Dispose();
    }

    private void Attach(int linkIndex, string inward)
    {
        // The way back first: an answer must not meet a client that does not expect it.
        Attach(linkIndex, "to_client", BpfAttachType.TcxEgress, "out");
        Attach(linkIndex, inward, BpfAttachType.TcxIngress, "in");
    }

    private void Attach(int linkIndex, string name, BpfAttachType type, string direction)
    {
        string pin = Path.Combine(
            _pins, "links", string.Create(CultureInfo.InvariantCulture, $"tcx_{linkIndex}_{direction}"));
        using BpfProgram program = _object.Program(name);
        _links.Add(BpfLink.AttachPinned(program, pin, attached => BpfLink.AttachTcx(attached, linkIndex, type)));
    }
}
