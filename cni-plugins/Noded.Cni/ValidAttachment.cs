using System.Text.Json.Serialization;

namespace Noded.Cni;

/// <summary>An entry of <c>cni.dev/valid-attachments</c>.</summary>
public sealed record ValidAttachment(
    [property: JsonPropertyName("containerID")] string ContainerId,
    [property: JsonPropertyName("ifname")] string IfName);
