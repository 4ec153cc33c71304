namespace Noded.Cni;

/// <summary>The specification's error object.</summary>
internal sealed record CniErrorDocument(string CniVersion, int Code, string Msg, string? Details);
