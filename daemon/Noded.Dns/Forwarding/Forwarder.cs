using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Noded.Dns.Wire;

namespace Noded.Dns.Forwarding;

/// <summary>
/// Asks the upstream resolvers, one after the other, beginning with the one that answered last: who does not answer in
/// time, refuses or fails is followed by the next. Who does not answer at all is asked twice.
/// </summary>
/// <param name="servers">Whom to ask, in the order of the machine's configuration.</param>
/// <param name="nextId">An id that nobody can guess.</param>
internal sealed class Forwarder(
    Func<ImmutableArray<IPEndPoint>> servers, DnsMetrics metrics, Func<ushort> nextId, TimeProvider clock)
{
    /// <summary>As many as kubeadm lets CoreDNS wait for.</summary>
    internal const int MaxConcurrent = 1000;

    /// <summary>How long one server may take.</summary>
    internal static readonly TimeSpan ServerTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How long all of them may take: after that, resolvers in libcs ask again anyway.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private const int Rounds = 2;

    private IPEndPoint? _preferred;
    private int _running;

    /// <summary>Null when too many wait already; otherwise see <see cref="AskAsync"/>.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _running) <= MaxConcurrent)
        {
            return true;
        }

        Interlocked.Decrement(ref _running);
        metrics.ForwardRejects.Inc();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _running);

    /// <returns>An answer; if nobody gave a good one, a bad one; null if there was none at all.</returns>
    public async Task<UpstreamResponse?> AskAsync(UpstreamQuestion question, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(Timeout, clock);
        using CancellationTokenSource all = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        List<IPEndPoint> left = [.. InOrder(servers())];
        UpstreamResponse? worse = null;
        for (int round = 0; round < Rounds && left.Count > 0; round++)
        {
            foreach (IPEndPoint server in left.ToArray())
            {
                (bool isSilent, UpstreamResponse? response) = await TryAskAsync(server, question, all.Token, cancellationToken);
                if (response is { Code: ResponseCode.NoError or ResponseCode.NxDomain, IsTruncated: false })
                {
                    Volatile.Write(ref _preferred, server);
                    return response;
                }

                worse = response ?? worse;
                if (!isSilent)
                {
                    left.Remove(server);
                }

                if (limit.IsCancellationRequested)
                {
                    return worse;
                }
            }
        }

        return worse;
    }

    private IEnumerable<IPEndPoint> InOrder(ImmutableArray<IPEndPoint> all)
    {
        int first = Volatile.Read(ref _preferred) is { } preferred ? Math.Max(0, all.IndexOf(preferred)) : 0;
        return all.Skip(first).Concat(all.Take(first));
    }

    /// <param name="all">Ends with the time for all servers, or with the caller.</param>
    /// <param name="caller">Ends with the caller.</param>
    private async Task<(bool IsSilent, UpstreamResponse? Response)> TryAskAsync(
        IPEndPoint server, UpstreamQuestion question, CancellationToken all, CancellationToken caller)
    {
        using CancellationTokenSource limit = new(ServerTimeout, clock);
        using CancellationTokenSource one = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, all);
        UpstreamResponse? truncated = null;
        metrics.CountForward(server);
        try
        {
            ushort id = nextId();
            byte[] message = question.ToMessage(id);
            int length = question.Question.Length;
            UpstreamResponse? response = await UpstreamExchange.AskUdpAsync(server, message, length, one.Token);
            if (response is { IsTruncated: true })
            {
                truncated = response;
                response = await UpstreamExchange.AskTcpAsync(server, message, length, one.Token);
            }

            metrics.CountForwarded(server, response?.Code);
            return (false, response ?? truncated);
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            metrics.CountForwarded(server, null);
            return (true, truncated);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            metrics.CountForwarded(server, null);
            return (false, truncated);
        }
    }
}
