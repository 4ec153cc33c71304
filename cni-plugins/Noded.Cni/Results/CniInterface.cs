using System.Text.Json.Serialization;

namespace Noded.Cni.Results;

/// <summary>An interface that a plugin made.</summary>
/// <param name="Sandbox">The path of the namespace that it is in, null for the machine's own.</param>
public sealed record CniInterface(string Name, string? Mac = null, string? Sandbox = null)
{
    /// <summary>Since 1.1.0.</summary>
    public uint? Mtu { get; init; }

    /// <summary>Since 1.1.0.</summary>
    public string? SocketPath { get; init; }

    /// <summary>Since 1.1.0.</summary>
    [JsonPropertyName("pciID")]
    public string? PciId { get; init; }
}
