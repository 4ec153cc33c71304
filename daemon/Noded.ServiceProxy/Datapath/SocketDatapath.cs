using Noded.Bpf;

namespace Noded.ServiceProxy.Datapath;

/// <summary>
/// The programs at the sockets of a cgroup and the maps that they share with us, pinned so that both outlive this
/// process. Opening takes over what is pinned; new programs replace those of a predecessor without a gap.
/// </summary>
internal sealed class SocketDatapath : IDisposable
{
    private static readonly (string Program, BpfAttachType Type)[] Hooks =
    [
        // The way back first: an answer must not meet a socket that cannot translate it.
        ("recvmsg4", BpfAttachType.CgroupUdp4RecvMsg),
        ("recvmsg6", BpfAttachType.CgroupUdp6RecvMsg),
        ("getpeername4", BpfAttachType.CgroupInet4GetPeerName),
        ("getpeername6", BpfAttachType.CgroupInet6GetPeerName),
        ("sendmsg4", BpfAttachType.CgroupUdp4SendMsg),
        ("sendmsg6", BpfAttachType.CgroupUdp6SendMsg),
        ("connect4", BpfAttachType.CgroupInet4Connect),
        ("connect6", BpfAttachType.CgroupInet6Connect),
    ];

    private readonly BpfObject _object;
    private readonly string _pins;
    private readonly List<BpfLink> _links = [];

    private SocketDatapath(BpfObject loaded, string pins)
    {
        (_object, _pins) = (loaded, pins);
        Maps = new ServiceMaps(_object.Map);
    }

    public ServiceMaps Maps { get; }

    /// <summary>Loads the programs, with the maps that are pinned or new ones, which it pins. Attaches nothing yet.</summary>
    /// <param name="pins">A directory of this node below a bpf file system.</param>
    /// <exception cref="BpfException">The kernel refuses, or a pinned map has another layout.</exception>
    public static SocketDatapath Open(string pins, DatapathOptions options)
    {
        string mapPins = Path.Combine(pins, "maps");
        CreateDirectory(mapPins);
        CreateDirectory(Path.Combine(pins, "links"));
        BpfObject socket = BpfObject.Open("socket", BpfObjects.Read("socket"));
        List<BpfMapHandle> pinned = [];
        try
        {
            socket.SetConstant("has_set_retval", FeatureProbe.HasSetReturnValue());
            socket.SetConstant("untranslated_mark", options.UntranslatedMark);
            SetSizes(socket, options);
            string[] names = [.. ServiceMaps.Names, "socket_flows", "udp_connections"];
            foreach (string name in names)
            {
                if (BpfMapHandle.TryOpenPin(name, Path.Combine(mapPins, name)) is BpfMapHandle map)
                {
                    pinned.Add(map);
                    socket.ReuseMap(name, map);
                }
            }

            socket.Load();
            foreach (string name in names.Except(pinned.Select(map => map.Name)))
            {
                using BpfMapHandle map = socket.Map(name);
                map.Pin(Path.Combine(mapPins, name));
            }

            return new SocketDatapath(socket, pins);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        finally
        {
            pinned.ForEach(map => map.Dispose());
        }
    }

    /// <summary>Where connected UDP sockets were led, by their cookies.</summary>
    public BpfMap<ulong, FlowEntry> OpenUdpConnections() => new(_object.Map("udp_connections"));

    /// <summary>
    /// Attaches the programs to a cgroup2 directory, or puts them into the places of a predecessor's. When one is refused,
    /// none of those that were not there before stays.
    /// </summary>
    public void Attach(string cgroup)
    {
        List<string> made = [];
        try
        {
            foreach ((string name, BpfAttachType type) in Hooks)
            {
                using BpfProgram program = _object.Program(name);
                string pin = Path.Combine(_pins, "links", name);
                bool isNew = !Path.Exists(pin);
                _links.Add(BpfLink.AttachPinned(
                    program, pin, attached => BpfLink.AttachCgroup(attached, cgroup, type)));
                if (isNew)
                {
                    made.Add(pin);
                }
            }
        }
        catch
        {
            made.ForEach(File.Delete);
            CloseLinks();
            throw;
        }
    }

    /// <summary>Takes programs and maps off the machine: the inverse of everything that was pinned.</summary>
    public static void RemovePins(string pins)
    {
        if (Directory.Exists(pins))
        {
            Directory.Delete(pins, recursive: true);
        }
    }

    public void Dispose()
    {
        CloseLinks();
        Maps.Dispose();
        _object.Dispose();
    }

    private void CloseLinks()
    {
        _links.ForEach(link => link.Dispose());
        _links.Clear();
    }

    private static void SetSizes(BpfObject socket, DatapathOptions options)
    {
        socket.SetMaxEntries("frontend_ids", options.MaxFrontends);
        socket.SetMaxEntries("frontends", options.MaxFrontends);
        socket.SetMaxEntries("backends", options.MaxBackends);
        socket.SetMaxEntries("backend_hits", options.MaxBackends);
        socket.SetMaxEntries("slots", options.MaxSlots);
        socket.SetMaxEntries("affinities", options.MaxAffinities);
        socket.SetMaxEntries("source_ranges", options.MaxSourceRanges);
    }

    private static void CreateDirectory(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"make {path} for pins: {e.Message}; a bpf file system must be mounted above it", e);
        }
    }
}
