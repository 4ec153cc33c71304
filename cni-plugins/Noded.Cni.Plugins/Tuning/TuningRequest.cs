using System.Collections.Immutable;
using Noded.Cni.Plugins.Interfaces;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Cni.Plugins.Tuning;

/// <summary>A call's configuration, completed and checked.</summary>
/// <param name="Change">What the link is to become; null leaves as it is.</param>
/// <param name="Settings">Values by path below /proc/sys, in the order of the configuration.</param>
internal sealed record TuningRequest(
    string DataDirectory, LinkChange Change, ImmutableArray<KeyValuePair<string, string>> Settings)
{
    private const string DefaultDataDirectory = "/run/cni/tuning";

    internal bool ChangesLink => Change != new LinkChange();

    /// <exception cref="CniException">A setting is none, or the administrator does not allow it.</exception>
    internal static TuningRequest Create(CniRequest request, SysctlAllowList allowed)
    {
        TuningConfig config = request.Read(PluginJson.Default.TuningConfig);
        TuningCniArgs? args = config.Args?.Cni;
        uint mtu = args?.Mtu ?? config.Mtu;
        LinkChange change = new()
        {
            Address = RequestedMac.Of(request, config.RuntimeConfig?.Mac, args?.Mac, config.Mac),
            Mtu = mtu == 0 ? null : mtu,
            Promiscuous = args?.Promisc ?? config.Promisc ? true : null,
            AllMulticast = args?.Allmulti ?? config.Allmulti,
            TxQueueLength = args?.TxQLen ?? config.TxQLen,
        };

        return new TuningRequest(
            DirectoryOf(config),
            change,
            [.. Merge(config.Sysctl, args?.Sysctl).Select(setting => KeyValuePair.Create(
                SysctlName.PathOf(allowed.Allow(setting.Key), request.Attachment.InterfaceName), setting.Value ?? ""))]);
    }

    /// <summary>Where the backups are is all that taking back needs.</summary>
    internal static string ReadDataDirectory(CniRequest request) => DirectoryOf(request.Read(PluginJson.Default.TuningConfig));

    private static string DirectoryOf(TuningConfig config) =>
        string.IsNullOrEmpty(config.DataDir) ? DefaultDataDirectory : config.DataDir;

    private static Dictionary<string, string> Merge(
        IReadOnlyDictionary<string, string>? configured, IReadOnlyDictionary<string, string>? asked)
    {
        Dictionary<string, string> merged = new(configured ?? new Dictionary<string, string>(), StringComparer.Ordinal);

        foreach ((string key, string value) in asked ?? new Dictionary<string, string>())
        {
            merged[key] = value;
        }

        return merged;
    }
}
