using Noded.Cni.Results;

namespace Noded.Cni.Plugins.Ptp;

/// <summary>The ptp plugin's configuration.</summary>
internal sealed record PtpConfig
{
    public bool IpMasq { get; init; }

    /// <summary>0 leaves it to the kernel.</summary>
    public uint Mtu { get; init; }

    /// <summary>Instead of what the IPAM plugin says.</summary>
    public CniDns? Dns { get; init; }

    public PtpIpam? Ipam { get; init; }
}

/// <summary>Whose plugin gives the addresses.</summary>
internal sealed record PtpIpam
{
    public string? Type { get; init; }
}
