using System.Text.Json.Serialization;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Tuning;

/// <summary>What a link was before it was changed, of what was changed alone; the reference plugin reads it too.</summary>
internal sealed record TuningBackup
{
    /// <summary>Whose it is, for GC; the reference plugin does not know it.</summary>
    public string? Network { get; init; }

    public MacAddress? Mac { get; init; }

    public bool? Promisc { get; init; }

    public uint? Mtu { get; init; }

    public bool? Allmulti { get; init; }

    [JsonPropertyName("txQLen")]
    public uint? TxQLen { get; init; }

    internal static TuningBackup Create(string network, Link link, LinkChange change) => new()
    {
        Network = network,
        Mac = change.Address is null ? null : link.Address,
        Promisc = change.Promiscuous is null ? null : link.Flags.HasFlag(LinkFlags.Promiscuous),
        Mtu = change.Mtu is null ? null : link.Mtu,
        Allmulti = change.AllMulticast is null ? null : link.Flags.HasFlag(LinkFlags.AllMulticast),
        TxQLen = change.TxQueueLength is null ? null : link.TxQueueLength,
    };

    internal LinkChange ToChange() => new()
    {
        Address = Mac,
        Promiscuous = Promisc,
        Mtu = Mtu is null or 0 ? null : Mtu,
        AllMulticast = Allmulti,
        TxQueueLength = TxQLen,
    };
}
