namespace Noded.Cni.Results;

/// <summary>Resolver settings that a plugin recommends.</summary>
public sealed record CniDns
{
    public IReadOnlyList<string>? Nameservers { get; init; }

    public string? Domain { get; init; }

    public IReadOnlyList<string>? Search { get; init; }

    public IReadOnlyList<string>? Options { get; init; }
}
