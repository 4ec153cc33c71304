using System.Collections.Immutable;
using System.Net;
using Noded.Cni.Results;
using Noded.Primitives;

namespace Noded.Cni.Plugins.HostLocal;

/// <summary>A call's configuration, completed and checked.</summary>
/// <param name="Requested">Addresses that the container is to have.</param>
internal sealed record HostLocalRequest(
    string Network,
    string DataDirectory,
    ImmutableArray<RangeSet> RangeSets,
    ImmutableArray<IPAddress> Requested,
    IReadOnlyList<CniRoute>? Routes,
    string? ResolvConf)
{
    private const string DefaultDataDirectory = "/var/lib/cni/networks";

    /// <exception cref="CniException">The ranges or the addresses asked for are wrong.</exception>
    internal static HostLocalRequest Create(CniRequest request)
    {
        HostLocalConfig config = request.Read(PluginJson.Default.HostLocalConfig);
        HostLocalIpam ipam = IpamOf(config);
        ImmutableArray<RangeSet> sets = [.. RangesOf(ipam, config.RuntimeConfig).Select(RangeSet.Create)];

        if (sets.IsEmpty)
        {
            throw new CniException(CniErrorCode.InvalidNetworkConfig, "no IP ranges specified");
        }

        for (int i = 0; i < sets.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                sets[j].ThrowIfOverlapping(sets[i]);
            }
        }

        return CreateForRemoval(config, ipam) with
        {
            RangeSets = sets,
            Requested = [.. RequestedBy(request, config).Select(ParseAddress)],
            Routes = ipam.Routes,
            ResolvConf = ipam.ResolvConf,
        };
    }

    /// <summary>Where leases are is all that freeing them needs: they go even when their ranges are no longer valid.</summary>
    internal static HostLocalRequest CreateForRemoval(CniRequest request)
    {
        HostLocalConfig config = request.Read(PluginJson.Default.HostLocalConfig);
        return CreateForRemoval(config, IpamOf(config));
    }

    private static HostLocalRequest CreateForRemoval(HostLocalConfig config, HostLocalIpam ipam) =>
        new(config.Name!, string.IsNullOrEmpty(ipam.DataDir) ? DefaultDataDirectory : ipam.DataDir, [], [], null, null);

    private static HostLocalIpam IpamOf(HostLocalConfig config) =>
        config.Ipam
        ?? throw new CniException(CniErrorCode.InvalidNetworkConfig, "IPAM config missing 'ipam' key");

    /// <summary>The runtime's ranges first, then the one in line, then those in the list.</summary>
    private static IEnumerable<IReadOnlyList<HostLocalRange>> RangesOf(HostLocalIpam ipam, HostLocalRuntimeConfig? runtime)
    {
        IEnumerable<IReadOnlyList<HostLocalRange>> sets = runtime?.IpRanges ?? [];

        if (ipam.Subnet is not null)
        {
            HostLocalRange inLine = new()
            {
                Subnet = ipam.Subnet,
                RangeStart = ipam.RangeStart,
                RangeEnd = ipam.RangeEnd,
                Gateway = ipam.Gateway,
            };
            sets = sets.Append([inLine]);
        }

        return sets.Concat(ipam.Ranges ?? []);
    }

    private static IEnumerable<string> RequestedBy(CniRequest request, HostLocalConfig config)
    {
        IEnumerable<string> asked = request.Arguments.Extra.TryGetValue("IP", out string? argument) && argument.Length > 0
            ? [argument]
            : [];
        return asked.Concat(config.Args?.Cni?.Ips ?? []).Concat(config.RuntimeConfig?.Ips ?? []);
    }

    private static IPAddress ParseAddress(string text)
    {
        if (IPAddressText.TryParse(text, out IPAddress? address))
        {
            return address;
        }

        return IPPrefix.TryParse(text, out IPPrefix prefix)
            ? prefix.Address
            : throw new CniException(CniErrorCode.InvalidNetworkConfig, $"invalid IP address {text} requested");
    }
}
