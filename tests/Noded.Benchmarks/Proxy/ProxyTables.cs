using System.Globalization;
using System.Net;
using Noded.Bpf;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;
using Noded.Testing;

namespace Noded.Benchmarks.Proxy;

/// <summary>The proxy's programs and maps, pinned in a bpf file system of their own; attached for a while, again and again.</summary>
internal sealed class ProxyTables : IAsyncDisposable
{
    private readonly string _mount;
    private readonly GraceBarrier _barrier = new();
    private readonly SocketDatapath _maps;
    private readonly ServiceTables _tables;
    private SocketDatapath? _attached;

    private ProxyTables(string mount)
    {
        _mount = mount;
        _maps = SocketDatapath.Open(Pins, new DatapathOptions());
        _tables = new ServiceTables(_maps.Maps, _barrier.Wait);
    }

    internal string Pins => Path.Combine(_mount, "node");

    /// <summary>A directory in which others may pin.</summary>
    internal string PinsOf(string name) => Path.Combine(_mount, name);

    /// <summary>Takes away what another one has pinned there.</summary>
    internal void Forget(string name) => SocketDatapath.RemovePins(PinsOf(name));

    /// <summary>Make it before a sandbox: only then does the sandbox see the pins.</summary>
    internal static async Task<ProxyTables> CreateAsync(CancellationToken cancellationToken)
    {
        string mount = Directory.CreateTempSubdirectory("nd-bpf-").FullName;
        (await ChildProcess.RunAsync("mount", ["-t", "bpf", "bpf", mount], cancellationToken)).OrThrow();
        try
        {
            return new ProxyTables(mount);
        }
        catch
        {
            await UnmountAsync(mount);
            throw;
        }
    }

    /// <summary>So many Services, and no others.</summary>
    internal void Fill(int services)
    {
        foreach (ServicePortName name in _tables.Services.ToArray())
        {
            _tables.Remove(name);
        }

        for (int service = 0; service < services; service++)
        {
            _tables.Apply(BenchmarkServices.Plan(service));
        }
    }

    internal void Apply(ServicePlan plan) => _tables.Apply(plan);

    internal void Remove(ServicePortName name) => _tables.Remove(name);

    /// <summary>An address on which node ports are.</summary>
    internal void AddLocal(IPAddress address) => _maps.Maps.LocalAddresses.Set(new MapAddress(address), 1);

    internal void Attach(string cgroup)
    {
        _attached = SocketDatapath.Open(Pins, new DatapathOptions());
        _attached.Attach(cgroup);
    }

    internal void Detach()
    {
        _attached?.Dispose();
        _attached = null;
        foreach (string link in Directory.GetFiles(Path.Combine(Pins, "links")))
        {
            File.Delete(link);
        }
    }

    /// <summary>What the kernel says that pinned maps take, in MiB.</summary>
    internal double MeasureMaps(params IEnumerable<string> names) => names.Sum(MeasureMap);

    /// <summary>The packet programs' map of flows, which is made with them.</summary>
    internal double MeasureFlows()
    {
        using PacketDatapath packets = PacketDatapath.Open(Pins, new PacketMarks(), FeatureProbe.BestLinkHook());
        return MeasureMap("flows");
    }

    public async ValueTask DisposeAsync()
    {
        Detach();
        _maps.Dispose();
        _barrier.Dispose();
        SocketDatapath.RemovePins(Pins);
        await UnmountAsync(_mount);
    }

    private static async Task UnmountAsync(string mount)
    {
        await ChildProcess.RunAsync("umount", [mount], CancellationToken.None);
        Directory.Delete(mount);
    }

    private double MeasureMap(string name)
    {
        const double mib = 1024 * 1024;
        using BpfMapHandle map = BpfMapHandle.TryOpenPin(name, Path.Combine(Pins, "maps", name))
            ?? throw new IOException($"Map {name} is not pinned.");
        string id = string.Create(CultureInfo.InvariantCulture, $"map_id:\t{map.Id}");
        string[] lines = Directory.GetFiles("/proc/self/fdinfo").Select(ReadLines).First(lines => lines.Contains(id));
        string memory = lines.First(line => line.StartsWith("memlock:", StringComparison.Ordinal));
        return long.Parse(memory.Split('\t')[1], CultureInfo.InvariantCulture) / mib;
    }

    private static string[] ReadLines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            // Closed meanwhile.
            return [];
        }
    }
}
