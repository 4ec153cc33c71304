using Noded.Cni.Plugins.Bandwidth;
using Noded.Cni.Plugins.Bridge;
using Noded.Cni.Plugins.HostLocal;
using Noded.Cni.Plugins.Loopback;
using Noded.Cni.Plugins.Macvlan;
using Noded.Cni.Plugins.PodNetwork;
using Noded.Cni.Plugins.PortMap;
using Noded.Cni.Plugins.Ptp;
using Noded.Cni.Plugins.Static;
using Noded.Cni.Plugins.Tuning;

namespace Noded.Cni.Plugins;

/// <summary>Our plugins by the names of their executables; a new one is one line here and its folder beside this.</summary>
public static class PluginTable
{
    private static readonly PluginInvoker Invoker = new(Find);

    /// <summary>Plugins are made on demand: a process calls one of them, once.</summary>
    private static readonly (string Name, Func<ICniPlugin> Create)[] Plugins =
    [
        ("bandwidth", () => new BandwidthPlugin()),
        ("bridge", () => new BridgePlugin(Invoker)),
        ("host-local", () => new HostLocalPlugin()),
        ("loopback", () => new LoopbackPlugin()),
        ("macvlan", () => new MacvlanPlugin(Invoker)),
        ("pod-network", () => new PodNetworkPlugin(Invoker)),
        ("portmap", () => new PortMapPlugin()),
        ("ptp", () => new PtpPlugin(Invoker)),
        ("static", () => new StaticPlugin()),
        ("tuning", () => new TuningPlugin()),
    ];

    public static IEnumerable<string> Names => Plugins.Select(plugin => plugin.Name);

    /// <summary>The plugin of that name, or null.</summary>
    public static ICniPlugin? Find(string name)
    {
        foreach ((string known, Func<ICniPlugin> create) in Plugins)
        {
            if (known == name)
            {
                return create();
            }
        }

        return null;
    }
}
