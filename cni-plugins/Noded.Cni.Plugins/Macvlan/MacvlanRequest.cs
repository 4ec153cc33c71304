using Noded.Cni.Plugins.Interfaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Macvlan;

/// <summary>A call's configuration, completed and checked.</summary>
internal sealed record MacvlanRequest(MacvlanConfig Config, MacvlanMode Mode, MacAddress? Mac)
{
    internal string? IpamType => string.IsNullOrEmpty(Config.Ipam?.Type) ? null : Config.Ipam.Type;

    /// <exception cref="CniException">A field has a value that does not exist.</exception>
    internal static MacvlanRequest Create(CniRequest request)
    {
        MacvlanConfig config = request.Read(PluginJson.Default.MacvlanConfig);
        MacvlanMode mode = config.Mode switch
        {
            null or "" or "bridge" => MacvlanMode.Bridge,
            "private" => MacvlanMode.Private,
            "vepa" => MacvlanMode.Vepa,
            "passthru" => MacvlanMode.Passthru,
            _ => throw Invalid($"unknown macvlan mode: \"{config.Mode}\""),
        };
        MacAddress? mac = RequestedMac.Of(request, config.RuntimeConfig?.Mac, config.Args?.Cni?.Mac, config.Mac);
        return new MacvlanRequest(config, mode, mac);
    }

    /// <summary>The parent, of the namespace that is asked.</summary>
    /// <exception cref="CniException">There is none.</exception>
    internal Link FindMaster(RtNetlink netlink)
    {
        if (!string.IsNullOrEmpty(Config.Master))
        {
            return netlink.FindLink(Config.Master)
                ?? throw Invalid($"failed to lookup master \"{Config.Master}\": Link not found");
        }

        Route? route = netlink.GetRoutes()
            .Where(candidate => candidate is { Destination.Length: 0, Type: RouteType.Unicast, Table: Route.MainTable, LinkIndex: not 0 })
            .OrderBy(candidate => candidate.Destination.IsV6)
            .ThenBy(candidate => candidate.Priority)
            .FirstOrDefault();

        return (route is null ? null : netlink.FindLink(route.LinkIndex))
            ?? throw Invalid("no default route found: \"master\" must name a link");
    }

    /// <summary>The MTU to ask for.</summary>
    /// <exception cref="CniException">The parent's is smaller.</exception>
    internal uint MtuOn(Link master) =>
        Config.Mtu >= 0 && Config.Mtu <= master.Mtu
            ? Config.Mtu == 0 ? master.Mtu : (uint)Config.Mtu
            : throw Invalid($"invalid MTU {Config.Mtu}, must be [0, master MTU({master.Mtu})]");

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidNetworkConfig, message);
}
