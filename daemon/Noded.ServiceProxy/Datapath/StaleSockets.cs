using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Noded.Bpf;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.SockDiag;

namespace Noded.ServiceProxy.Datapath;

/// <summary>
/// Connected UDP sockets of the node itself: their datagrams pass no program, so they would go to a backend for ever that
/// has left. Such a socket is ended: its owner gets ECONNABORTED where it waits and EDESTADDRREQ where it sends, and connects
/// to the Service anew. Pods need none of this: their packets are translated at their links. Not thread-safe.
/// </summary>
/// <param name="connections">Where connected sockets were led, by their cookies. Taken into ownership.</param>
/// <param name="networkNamespace">The node's.</param>
internal sealed partial class StaleSockets(
    ServiceMaps maps,
    BpfMap<ulong, FlowEntry> connections,
    NetworkNamespace networkNamespace,
    ServiceProxyMetrics metrics,
    ILogger logger) : IDisposable
{
    private static readonly AddressFamily[] Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    private bool _isReported;

    /// <summary>Whether the backend has left that a connection was led to; false when the socket is connected elsewhere.</summary>
    /// <param name="state">Of the backend now.</param>
    public static bool IsStale(IPEndPoint remote, FlowEntry connection, ulong state) =>
        connection.Target.Port == remote.Port
        && connection.Target.Address.MapToIPv6().Equals(remote.Address.MapToIPv6())
        && (BackendEntry.GenerationOf(state) != connection.Generation
            || (state & (BackendEntry.InCluster | BackendEntry.InLocal)) == 0);

    /// <summary>Ends those there are now. A kernel that cannot do so keeps them; that is told once.</summary>
    public void End()
    {
        try
        {
            using SocketTable sockets = SocketTable.Open(networkNamespace);
            foreach (SocketEntry socket in Families.SelectMany(sockets.GetConnectedUdp))
            {
                if (connections.TryGet(socket.Cookie, out FlowEntry connection)
                    && IsStale(socket.Remote, connection, StateOf(connection.Backend))
                    && sockets.TryDestroyUdp(socket))
                {
                    connections.Remove(socket.Cookie);
                    metrics.SocketsEnded.Inc();
                    LogEnded(socket.Remote);
                }
            }
        }
        catch (IOException e) when (_isReported)
        {
            LogStillNot(e.Message);
        }
        catch (IOException e)
        {
            _isReported = true;
            LogNotEnded(e.Message);
        }
    }

    public void Dispose() => connections.Dispose();

    /// <summary>A predecessor's array may have been longer: what is beyond ours serves nobody.</summary>
    private ulong StateOf(uint backend) =>
        backend < maps.Backends.Length ? Volatile.Read(ref maps.Backends[backend].State) : 0;

    [LoggerMessage(EventId = 5020, Level = LogLevel.Information, Message = "A UDP socket of the node was ended: its endpoint {Endpoint} has left")]
    private partial void LogEnded(IPEndPoint endpoint);

    [LoggerMessage(EventId = 5021, Level = LogLevel.Warning, Message = "Connected UDP sockets of the node keep endpoints that have left, until they connect anew: {Error}")]
    private partial void LogNotEnded(string error);

    [LoggerMessage(EventId = 5022, Level = LogLevel.Debug, Message = "Connected UDP sockets of the node keep endpoints that have left: {Error}")]
    private partial void LogStillNot(string error);
}
