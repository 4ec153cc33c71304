using System.Text.Json;

namespace Noded.Kubelet.Runtime;

/// <summary>
/// What containerd and CRI-O tell of a sandbox when asked for everything: JSON under the key <c>info</c>, with the OCI
/// runtime specification that it was started by as <c>runtimeSpec</c>.
/// </summary>
internal static class VerboseSandboxStatus
{
    /// <summary>Where the specification has the network namespace; null when it has none, or says nothing.</summary>
    internal static string? FindNetworkNamespace(string info)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(info);
            return Find(document.RootElement, "runtimeSpec") is { } spec
                && Find(spec, "linux") is { } linux
                && Find(linux, "namespaces") is { ValueKind: JsonValueKind.Array } namespaces
                ? namespaces.EnumerateArray()
                    .Where(item => Find(item, "type") is { ValueKind: JsonValueKind.String } type && type.ValueEquals("network"))
                    .Select(item => Find(item, "path") is { ValueKind: JsonValueKind.String } path ? path.GetString() : null)
                    .FirstOrDefault(path => !string.IsNullOrEmpty(path))
                : null;
        }
        catch (JsonException)
        {
            // Nobody promises what is in there.
            return null;
        }
    }

    private static JsonElement? Find(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value : null;
}
