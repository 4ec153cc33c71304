namespace Noded.Cni;

/// <summary>The answer to VERSION.</summary>
internal sealed record CniVersionDocument(string CniVersion, IReadOnlyList<string> SupportedVersions);
