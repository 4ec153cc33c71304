namespace Noded.Api.Yaml;

/// <summary>How much a manifest may ask of the reader.</summary>
/// <param name="MaxBytes">Size of the file; upstream's kubelet reads no more than 10 MiB.</param>
/// <param name="MaxDepth">Nesting of sequences and mappings, at most <see cref="DeepestLimit"/>.</param>
/// <param name="MaxAliasCost">Values and characters that aliases may add: the bound on "billion laughs".</param>
public sealed record SourceLimits(int MaxBytes, int MaxDepth, int MaxAliasCost)
{
    public const int DeepestLimit = 256;

    public static SourceLimits Default { get; } = new(MaxBytes: 10 << 20, MaxDepth: 64, MaxAliasCost: 1 << 20);
}
