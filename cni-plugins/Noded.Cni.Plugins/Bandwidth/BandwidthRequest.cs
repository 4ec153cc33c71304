using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Cni.Plugins.Bandwidth;

/// <summary>A call's limits, checked; null is none.</summary>
internal sealed record BandwidthRequest(TokenBucket? Ingress, TokenBucket? Egress)
{
    private const ulong BitsPerByte = 8;

    // What waits longer than 25 ms is dropped, as the reference plugin has it.
    private const ulong LatenciesPerSecond = 40;

    /// <exception cref="CniException">A rate without a burst, or the other way round.</exception>
    internal static BandwidthRequest Create(CniRequest request)
    {
        BandwidthConfig config = request.Read(PluginJson.Default.BandwidthConfig);
        bool isConfigured = config is not { IngressRate: null, IngressBurst: null, EgressRate: null, EgressBurst: null };
        BandwidthLimits limits = isConfigured ? config : config.RuntimeConfig?.Bandwidth ?? config;
        return new BandwidthRequest(
            BucketOf(limits.IngressRate ?? 0, limits.IngressBurst ?? 0), BucketOf(limits.EgressRate ?? 0, limits.EgressBurst ?? 0));
    }

    private static TokenBucket? BucketOf(ulong rate, ulong burst) => (rate, burst / BitsPerByte) switch
    {
        (0, _) when burst == 0 => null,
        (0, _) => throw Invalid("if burst is set, rate must also be set"),
        _ when burst == 0 => throw Invalid("if rate is set, burst must also be set"),
        (_, >= uint.MaxValue) => throw Invalid("burst cannot be more than 4GB"),
        _ => Create(Math.Max(rate / BitsPerByte, 1), (uint)Math.Max(burst / BitsPerByte, 1)),
    };

    private static TokenBucket Create(ulong rate, uint burst) =>
        new(rate, burst, (uint)Math.Min((rate / LatenciesPerSecond) + burst, uint.MaxValue));

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidNetworkConfig, message);
}
