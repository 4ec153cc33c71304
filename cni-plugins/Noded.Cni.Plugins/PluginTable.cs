using Noded.Cni.Plugins.Loopback;
using Noded.Cni.Plugins.PortMap;

namespace Noded.Cni.Plugins;

/// <summary>Our plugins by the names of their executables; a new one is one line here and its folder beside this.</summary>
public static class PluginTable
{
    /// <summary>Plugins are made on demand: a process calls one of them, once.</summary>
    private static readonly (string Name, Func<ICniPlugin> Create)[] Plugins =
    [
        ("loopback", () => new LoopbackPlugin()),
        ("portmap", () => new PortMapPlugin()),
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
