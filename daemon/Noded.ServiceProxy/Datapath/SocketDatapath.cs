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

    private static readonly string[] MapNames = [.. ServiceMaps.Names, "socket_flows", "udp_connections"];

    // The same object twice: the maps are there at once, while the kernel takes its time to verify the programs.
    private readonly BpfObject _maps;
    private readonly BpfObject _programs;
    private readonly string _pins;
    private readonly string[] _unpinned;
    private readonly List<BpfLink> _links = [];

    private SocketDatapath(BpfObject maps, BpfObject programs, string pins, string[] unpinned)
    {
        (_maps, _programs, _pins, _unpinned) = (maps, programs, pins, unpinned);
        Maps = new ServiceMaps(maps.Map);
    }

    public ServiceMaps Maps { get; }

    /// <summary>Has the maps that are pinned, or new ones, and the programs loaded. Attaches nothing yet.</summary>
    /// <inheritdoc cref="OpenMaps"/>
    public static SocketDatapath Open(string pins, DatapathOptions options)
    {
        SocketDatapath datapath = OpenMaps(pins, options);
        try
        {
            datapath.Load();
            return datapath;
        }
        catch
        {
            datapath.Dispose();
            throw;
        }
    }

    /// <summary>Has the maps that are pinned, or new ones, which may be filled while <see cref="Load"/> takes its time.</summary>
    /// <param name="pins">A directory of this node below a bpf file system.</param>
    /// <exception cref="BpfException">The kernel refuses, or a pinned map has another layout.</exception>
    public static SocketDatapath OpenMaps(string pins, DatapathOptions options)
    {
        string mapPins = Path.Combine(pins, "maps");
        CreateDirectory(mapPins);
        CreateDirectory(Path.Combine(pins, "links"));
        List<string> pinned = [];
        BpfObject maps = BpfObject.Open("socket", BpfObjects.Read("socket"));
        BpfObject? programs = null;
        try
        {
            SetSizes(maps, options);
            foreach ((string program, _) in Hooks)
            {
                maps.SkipProgram(program);
            }

            foreach (string name in MapNames)
            {
                if (BpfMapHandle.TryOpenPin(name, Path.Combine(mapPins, name)) is BpfMapHandle map)
                {
                    using (map)
                    {
                        maps.ReuseMap(name, map);
                    }

                    pinned.Add(name);
                }
            }

            maps.Load();
            programs = BpfObject.Open("socket", BpfObjects.Read("socket"));
            programs.SetConstant("has_set_retval", FeatureProbe.HasSetReturnValue());
            programs.SetConstant("untranslated_mark", options.UntranslatedMark);
            foreach (string name in MapNames)
            {
                using BpfMapHandle map = maps.Map(name);
                programs.ReuseMap(name, map);
            }

            return new SocketDatapath(maps, programs, pins, [.. MapNames.Except(pinned)]);
        }
        catch
        {
            programs?.Dispose();
            maps.Dispose();
            throw;
        }
    }

    /// <summary>Loads the programs, then pins what maps are new: once, from any thread.</summary>
    /// <exception cref="BpfException">The kernel refuses; nothing is pinned that was not before.</exception>
    public void Load()
    {
        _programs.Load();
        foreach (string name in _unpinned)
        {
            using BpfMapHandle map = _maps.Map(name);
            map.Pin(Path.Combine(_pins, "maps", name));
        }
    }

    /// <summary>Where connected UDP sockets were led, by their cookies.</summary>
    public BpfMap<ulong, FlowEntry> OpenUdpConnections() => new(_maps.Map("udp_connections"));

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
                using BpfProgram program = _programs.Program(name);
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
        _programs.Dispose();
        _maps.Dispose();
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
