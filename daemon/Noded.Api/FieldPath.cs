using System.Globalization;

namespace Noded.Api;

/// <summary>
/// Where in an API object a value is, written as upstream writes it: <c>spec.containers[0].image</c>.
/// </summary>
public readonly record struct FieldPath(string Text)
{
    public static FieldPath Empty { get; } = new("");

    public FieldPath Child(string name) => new(string.IsNullOrEmpty(Text) ? name : $"{Text}.{name}");

    public FieldPath Index(int index) => new(string.Create(CultureInfo.InvariantCulture, $"{Text}[{index}]"));

    /// <summary>An entry of a map, as opposed to a field of a structure.</summary>
    public FieldPath Key(string key) => new($"{Text}[{key}]");

    public override string ToString() => Text ?? "";
}
