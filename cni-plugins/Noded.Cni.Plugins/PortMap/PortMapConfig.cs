using System.Text.Json;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>The plugin's configuration.</summary>
/// <remarks>
/// <c>markMasqBit</c> and <c>backend</c> choose between ways to the same end and are passed over: here it is nf_tables,
/// always.
/// </remarks>
internal sealed record PortMapConfig : NetworkConfig
{
    /// <summary>Whether connections from the container's own network and from 127.0.0.1 get the machine's address.</summary>
    public bool? Snat { get; init; }

    /// <summary>Whether all others get it, too.</summary>
    public bool MasqAll { get; init; }

    /// <summary>Conditions in iptables' language; refused.</summary>
    public JsonElement ConditionsV4 { get; init; }

    /// <summary>The same for IPv6.</summary>
    public JsonElement ConditionsV6 { get; init; }

    /// <summary>Somebody else's iptables chain that is to masquerade; refused.</summary>
    public string? ExternalSetMarkChain { get; init; }

    public PortMapRuntimeConfig? RuntimeConfig { get; init; }
}

/// <summary>What the runtime adds for one container.</summary>
internal sealed record PortMapRuntimeConfig
{
    public IReadOnlyList<PortMapping>? PortMappings { get; init; }
}

/// <summary>A port as the runtime writes it.</summary>
internal sealed record PortMapping
{
    public int HostPort { get; init; }

    public int ContainerPort { get; init; }

    public string? Protocol { get; init; }

    public string? HostIP { get; init; }
}
