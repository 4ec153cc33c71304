using System.Net;
using System.Net.Sockets;

namespace Noded.Kubelet.Probes;

/// <summary>A port that has to accept.</summary>
internal static class TcpProber
{
    internal static async Task<ProbeOutcome> ProbeAsync(string host, int port, CancellationToken cancellationToken)
    {
        try
        {
            using Socket socket = await ConnectAsync(host, port, cancellationToken);
            return ProbeOutcome.Success(string.Empty);
        }
        catch (IOException e)
        {
            return ProbeOutcome.Failure(e.Message);
        }
    }

    /// <summary>Tries a name's addresses in turn.</summary>
    /// <exception cref="IOException">None accepts; in the words that upstream's events have.</exception>
    internal static async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? address)
            ? [address]
            : await ResolveAsync(host, cancellationToken);
        SocketException? last = null;
        foreach (IPAddress candidate in addresses)
        {
            Socket socket = new(candidate.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(candidate, port, cancellationToken);
                return socket;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                (last, address) = (e, candidate);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        string at = HandlerPort.Join(address?.ToString() ?? host, port);
        throw new IOException($"dial tcp {at}: {(last is null ? "no such host" : $"connect: {Reason(last)}")}", last);
    }

    /// <summary>As errno's text reads.</summary>
    internal static string Reason(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset by peer",
        SocketError.HostUnreachable => "no route to host",
        SocketError.NetworkUnreachable => "network is unreachable",
        SocketError.TimedOut => "connection timed out",
        _ => e.Message,
    };

    private static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        if (host.Length == 0)
        {
            throw new IOException("the pod has no address yet");
        }

        try
        {
            return await Dns.GetHostAddressesAsync(host, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new IOException($"dial tcp: lookup {host}: {e.Message}", e);
        }
    }
}
