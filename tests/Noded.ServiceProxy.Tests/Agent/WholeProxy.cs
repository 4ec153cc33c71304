using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Linux.Events;
using Noded.ServiceProxy.Reflectors;
using Prometheus;

namespace Noded.ServiceProxy.Tests.Agent;

/// <summary>The proxy as the daemon runs it, links included, with the privileges of the agent.</summary>
internal static class WholeProxy
{
    /// <summary>Starts it and returns why it ended.</summary>
    public static async Task<string> RunAsync(string pins, string cgroup)
    {
        using FdReactor reactor = new();
        ServiceProxyComponent component = new(
            new ServiceProxyOptions(cgroup, pins, Plans.Node),
            [],
            new NoPods(),
            reactor,
            new ServiceProxyMetrics(Metrics.NewCustomRegistry()),
            TimeProvider.System,
            NullLoggerFactory.Instance);
        try
        {
            await component.RunAsync(CancellationToken.None);
            return "ended";
        }
        catch (IOException e)
        {
            return $"error {e.Message.ReplaceLineEndings(" ")}";
        }
    }

    private sealed class NoPods : IPodNetworks
    {
        public IAsyncEnumerable<ImmutableArray<PodNetwork>> WatchAsync(CancellationToken cancellationToken) =>
            Channel.CreateUnbounded<ImmutableArray<PodNetwork>>().Reader.ReadAllAsync(cancellationToken);
    }
}
