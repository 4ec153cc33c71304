using System.Net;
using Noded.Cni.Results;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Static;

/// <summary>What a request asks for, checked; pure.</summary>
internal static class StaticReader
{
    /// <exception cref="CniException">An address is none.</exception>
    internal static CniResult Read(CniRequest request)
    {
        StaticConfig config = request.Read(PluginJson.Default.StaticConfig);
        StaticIpam ipam = config.Ipam
            ?? throw new CniException(CniErrorCode.InvalidNetworkConfig, "IPAM config missing 'ipam' key");
        return new CniResult { Ips = [.. ReadAddresses(request, config, ipam)], Routes = ipam.Routes, Dns = ipam.Dns };
    }

    /// <summary>The runtime's capability takes the place of everything else; arguments that of the configuration.</summary>
    private static IEnumerable<CniAddress> ReadAddresses(CniRequest request, StaticConfig config, StaticIpam ipam)
    {
        if (config.RuntimeConfig?.Ips is { Count: > 0 } capability)
        {
            return capability.Select(text => new CniAddress(Parse(text)));
        }

        return config.Args?.Cni?.Ips is { Count: > 0 } arguments
            ? arguments.Select(text => new CniAddress(Parse(text)))
            : WithEnvironment(request, (ipam.Addresses ?? []).Select(
                address => new CniAddress(Parse(address.Address)) { Gateway = address.Gateway }));
    }

    /// <summary>CNI_ARGS adds addresses, and gateways to those in whose network they are.</summary>
    private static List<CniAddress> WithEnvironment(CniRequest request, IEnumerable<CniAddress> configured)
    {
        List<CniAddress> addresses =
            [.. configured, .. ListOf(request, "IP").Select(text => new CniAddress(Parse(text, "ip")))];

        foreach (string text in ListOf(request, "GATEWAY"))
        {
            IPAddress gateway = IPAddressText.TryParse(text, out IPAddress? parsed)
                ? parsed
                : throw new CniException(
                    CniErrorCode.InvalidEnvironmentVariables, $"CNI_ARGS: GATEWAY \"{text}\" is no address");

            for (int i = 0; i < addresses.Count; i++)
            {
                if (addresses[i].Address.Contains(gateway))
                {
                    addresses[i] = addresses[i] with { Gateway = gateway };
                }
            }
        }

        return addresses;
    }

    private static string[] ListOf(CniRequest request, string key) =>
        request.Arguments.Extra.TryGetValue(key, out string? list)
            ? list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [];

    private static IPPrefix Parse(string? text, string field = "address") =>
        IPPrefix.TryParse(text, out IPPrefix prefix)
            ? prefix
            : throw new CniException(
                CniErrorCode.InvalidNetworkConfig,
                $"the '{field}' field is expected to be in CIDR notation, got: '{text}'");
}
