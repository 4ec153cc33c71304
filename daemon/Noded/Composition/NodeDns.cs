using System.Collections.Immutable;
using System.Net;
using Noded.Api.Services;
using Noded.Dns;
using Noded.Primitives;
using Prometheus;

namespace Noded.Composition;

/// <summary>Which of the cluster's DNS addresses this node answers on.</summary>
internal static class NodeDns
{
    /// <summary>Where clusters have their DNS server: one address of each family that Services have.</summary>
    internal static ImmutableArray<string> DefaultAddresses(ImmutableArray<IPPrefix> serviceCidrs) =>
    [
        .. serviceCidrs
            .Select(DnsOptions.DefaultAddress)
            .Where(address => address is not null)
            .Select(address => address!.ToString()),
    ];

    /// <summary>Null when pods are sent to servers elsewhere, or to none.</summary>
    internal static DnsComponent? TryCreate(
        NodedOptions options, IServiceSource services, CollectorRegistry metrics, TimeProvider clock, ILoggerFactory loggers)
    {
        ImmutableArray<IPPrefix> serviceCidrs = options.Network.ServiceCidrs;
        ImmutableArray<IPAddress> addresses =
        [
            .. options.ClusterDns
                .Select(IPAddress.Parse)
                .Where(address => serviceCidrs.Any(cidr => cidr.Contains(address)))
                .Distinct(),
        ];
        return addresses.IsEmpty
            ? null
            : new DnsComponent(
                new DnsOptions(
                    options.ClusterDomain, addresses, [.. serviceCidrs, .. options.Network.ClusterCidrs],
                    options.Paths.DnsAddresses),
                services, new DnsMetrics(metrics), clock, loggers);
    }
}
