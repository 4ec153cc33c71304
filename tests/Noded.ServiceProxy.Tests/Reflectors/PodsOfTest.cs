using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Noded.Primitives;
using Noded.ServiceProxy.Reflectors;

namespace Noded.ServiceProxy.Tests.Reflectors;

/// <summary>Pods that a test shows.</summary>
internal sealed class PodsOfTest : IServicePods
{
    private readonly Channel<ImmutableArray<ServicePod>> _pods = Channel.CreateUnbounded<ImmutableArray<ServicePod>>();

    public void Show(params ImmutableArray<ServicePod> pods) => _pods.Writer.TryWrite(pods);

    public IAsyncEnumerable<ImmutableArray<ServicePod>> WatchAsync(CancellationToken cancellationToken) =>
        _pods.Reader.ReadAllAsync(cancellationToken);

    internal static ServicePod APod(string name, params ImmutableArray<string> addresses) => new(
        new NamespacedName("default", name),
        ImmutableDictionary<string, string>.Empty.Add("app", "web"),
        [.. addresses.Select(IPAddress.Parse)],
        ImmutableDictionary<string, int>.Empty.Add("http", 8080))
    {
        IsReady = true,
    };
}
