namespace Noded.Oci;

/// <summary>An image cannot be built as described; the message names the recipe, the field and what is wrong.</summary>
public sealed class RecipeException(string recipe, string field, string problem, Exception? cause = null)
    : Exception($"{recipe}: {field}: {problem}", cause)
{
    /// <summary>The offending field as a JSON path, <c>$.layers[0].entries[2].mode</c>, or the entry's image path.</summary>
    public string Field { get; } = field;
}
