namespace Noded.Cni;

/// <summary>The specification's error object; others leave out what they have nothing to say about.</summary>
internal sealed record CniErrorDocument
{
    public string? CniVersion { get; init; }

    public int Code { get; init; }

    public string? Msg { get; init; }

    public string? Details { get; init; }
}
