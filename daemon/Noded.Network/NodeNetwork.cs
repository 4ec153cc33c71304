using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Network;

/// <summary>
/// Prepares the machine for pods with a network of their own: unreachable routes first, then the CNI plugins, then the
/// configuration that lets the runtime use them. Each is left as it is when it is right already.
/// </summary>
/// <param name="openNetlink">Talks to the network that the node is in.</param>
/// <param name="binary">This program, which is the plugins.</param>
public sealed class NodeNetwork(
    NodePaths paths,
    NodeNetworkOptions options,
    CniLinks links,
    string binary,
    Func<RtNetlink> openNetlink,
    FlightRecorder flight,
    TimeProvider clock)
{
    private const string Subject = "network";

    private readonly TaskCompletionSource _attempted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes once the first preparation has succeeded or failed; no pod may be started before.</summary>
    public Task Attempted => _attempted.Task;

    private string ConfigFile => Path.Combine(paths.CniConfig, CniConfigList.FileName);

    /// <summary>Prepares the machine, and then has nothing to do.</summary>
    /// <exception cref="IOException">The kernel or the file system refuses; pods get no network until a later try.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            Prepare();
        }
        catch (Exception)
        {
            // Of an earlier start: without the routes, packets for pods that are gone would leave the machine.
            RemoveConfig(paths);
            throw;
        }
        finally
        {
            _attempted.TrySetResult();
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellationToken);
    }

    /// <summary>Takes back everything: the inverse of all that <see cref="RunAsync"/> and the plugins did.</summary>
    /// <remarks>After the pods are gone: what the plugins still hold for one goes without them.</remarks>
    public static void Remove(NodePaths paths, CniLinks links)
    {
        RemoveConfig(paths);
        links.Remove();

        if (Directory.Exists(Path.Combine(paths.CniNetworks, paths.Instance)))
        {
            Directory.Delete(Path.Combine(paths.CniNetworks, paths.Instance), recursive: true);
        }

        using RtNetlink netlink = RtNetlink.Open();
        netlink.DeleteLink(CniConfigList.BridgeOf(paths));
        UnreachableRoutes.Remove(netlink, paths);
    }

    private static void RemoveConfig(NodePaths paths)
    {
        // The directory may be missing, on a machine where no node ever was.
        string file = Path.Combine(paths.CniConfig, CniConfigList.FileName);
        if (File.Exists(file))
        {
            File.Delete(file);
        }
    }

    private void Prepare()
    {
        using (RtNetlink netlink = openNetlink())
        {
            UnreachableRoutes.Ensure(netlink, paths, [.. options.ClusterCidrs, .. options.ServiceCidrs]);
        }

        foreach (string plugin in links.Install(binary))
        {
            flight.Record(
                FlightEntryKind.Decided, Subject, $"{paths.CniBinaries}/{plugin} is not ours and stays as it is");
        }

        if (options.PodCidrs.IsEmpty)
        {
            RemoveConfig(paths);
            return;
        }

        byte[] config = CniConfigList.Write(paths, options.PodCidrs);

        if (!File.Exists(ConfigFile) || !File.ReadAllBytes(ConfigFile).AsSpan().SequenceEqual(config))
        {
            Directory.CreateDirectory(paths.CniConfig);
            string temporary = Path.Combine(paths.CniConfig, "." + CniConfigList.FileName);
            File.WriteAllBytes(temporary, config);
            File.Move(temporary, ConfigFile, overwrite: true);
            flight.Record(FlightEntryKind.Acted, Subject, $"pods' network is {string.Join(", ", options.PodCidrs)}");
        }
    }
}
