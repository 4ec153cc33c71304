namespace Noded.Cni.Results;

/// <summary>
/// The specification's success object, a superset of those of all versions; <see cref="ConvertTo"/> makes it one of
/// them.
/// </summary>
public sealed record CniResult
{
    public string? CniVersion { get; init; }

    public IReadOnlyList<CniInterface>? Interfaces { get; init; }

    public IReadOnlyList<CniAddress>? Ips { get; init; }

    public IReadOnlyList<CniRoute>? Routes { get; init; }

    public CniDns? Dns { get; init; }

    /// <summary>Fields that a version does not know are left out, those that it demands are filled in.</summary>
    public CniResult ConvertTo(CniVersion version) => this with
    {
        CniVersion = version.Name(),
        Interfaces = version >= Cni.CniVersion.V110
            ? Interfaces
            : Interfaces?.Select(link => link with { Mtu = null, SocketPath = null, PciId = null }).ToList(),
        Ips = version >= Cni.CniVersion.V100
            ? Ips?.Select(address => address with { Version = null }).ToList()
            : Ips?.Select(address => address with { Version = address.Address.IsV6 ? "6" : "4" }).ToList(),
        Routes = version >= Cni.CniVersion.V110
            ? Routes
            : Routes?.Select(route => new CniRoute(route.Dst) { Gw = route.Gw }).ToList(),
        Dns = Dns ?? new CniDns(),
    };
}
