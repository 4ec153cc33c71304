using System.Text.Json.Serialization;

namespace Noded.Testing;

/// <summary>Something found on the machine.</summary>
/// <param name="Thing">Its kind and identity, such as <c>mount /x (overlay)</c>.</param>
/// <param name="Remark">Something to show beside it that may change while the thing stays the same.</param>
internal sealed record InventoryItem(string Thing, string Remark = "");

[JsonSerializable(typeof(Dictionary<string, string>), TypeInfoPropertyName = "Things")]
[JsonSourceGenerationOptions(WriteIndented = true)]
internal sealed partial class InventoryJsonContext : JsonSerializerContext;
