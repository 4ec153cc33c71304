using Noded.Cni.Plugins.Interfaces;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Tuning;

/// <summary>The tuning plugin's configuration.</summary>
internal sealed record TuningConfig
{
    /// <summary>Where it writes down what it changed.</summary>
    public string? DataDir { get; init; }

    /// <summary>Settings below <c>net</c>; <c>IFNAME</c> stands for the interface.</summary>
    public IReadOnlyDictionary<string, string>? Sysctl { get; init; }

    public MacAddress? Mac { get; init; }

    public bool Promisc { get; init; }

    /// <summary>0 leaves it as it is.</summary>
    public uint Mtu { get; init; }

    public bool? Allmulti { get; init; }

    public uint? TxQLen { get; init; }

    public MacWish? RuntimeConfig { get; init; }

    public TuningArgs? Args { get; init; }
}

/// <summary><c>args</c>.</summary>
internal sealed record TuningArgs
{
    public TuningCniArgs? Cni { get; init; }
}

/// <summary><c>args.cni</c>: what is there takes the configuration's place.</summary>
internal sealed record TuningCniArgs
{
    public IReadOnlyDictionary<string, string>? Sysctl { get; init; }

    public MacAddress? Mac { get; init; }

    public bool? Promisc { get; init; }

    public uint? Mtu { get; init; }

    public bool? Allmulti { get; init; }

    public uint? TxQLen { get; init; }
}
