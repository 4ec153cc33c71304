using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tables;

/// <summary>A column of a table.</summary>
/// <param name="Name">Its heading.</param>
/// <param name="Type"><c>string</c>, <c>integer</c> or <c>boolean</c>.</param>
/// <param name="Cell">What it shows of an object at a time.</param>
/// <param name="IsWide">Whether it is shown only when more is asked for.</param>
internal sealed record TableColumn(
    string Name, string Type, Func<JsonObject, DateTimeOffset, JsonNode?> Cell, bool IsWide = false);

/// <summary>The columns of a kind.</summary>
internal sealed record TableColumns(ImmutableArray<TableColumn> All)
{
    /// <summary>The age alone.</summary>
    public static TableColumns Age { get; } = new([AgeColumn]);

    private static TableColumn AgeColumn => new("Age", "string", (document, now) => Cells.Age(document, now));

    /// <summary>Columns after the name, with the age before those that are wide.</summary>
    public static TableColumns Of(params TableColumn[] columns) =>
        new([.. columns.Where(column => !column.IsWide), AgeColumn, .. columns.Where(column => column.IsWide)]);

    /// <summary>Columns exactly as they are given, without the age.</summary>
    public static TableColumns Exactly(params TableColumn[] columns) => new([.. columns]);

    public static TableColumn Text(string name, Func<JsonObject, string?> cell, bool isWide = false) =>
        new(name, "string", (document, _) => cell(document) ?? "", isWide);

    public static TableColumn Number(string name, Func<JsonObject, long> cell, bool isWide = false) =>
        new(name, "integer", (document, _) => cell(document), isWide);
}
