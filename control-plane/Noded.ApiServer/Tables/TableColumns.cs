using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Tables;

/// <summary>A column of a table.</summary>
/// <param name="Name">Its heading.</param>
/// <param name="Type"><c>string</c>, <c>integer</c>, <c>boolean</c> or <c>date</c>.</param>
/// <param name="Cell">What it shows of an object at a time.</param>
/// <param name="IsWide">Whether it is shown only when more is asked for.</param>
internal sealed record TableColumn(
    string Name, string Type, Func<JsonObject, DateTimeOffset, JsonNode?> Cell, bool IsWide = false)
{
    /// <summary><c>name</c> for the column by which kubectl knows objects.</summary>
    public string Format { get; init; } = "";
}

/// <summary>The columns of a kind.</summary>
internal sealed record TableColumns(ImmutableArray<TableColumn> All)
{
    // Before the sets of columns that contain them.
    public static TableColumn NameColumn { get; } =
        new("Name", "string", (document, _) => document.Name()) { Format = "name" };

    public static TableColumn AgeColumn { get; } = new("Age", "string", (document, now) => Cells.Age(document, now));

    /// <summary>Name and age.</summary>
    public static TableColumns Age { get; } = Of();

    /// <summary>Name and the time of making, for kinds of which nothing better is known.</summary>
    public static TableColumns CreatedAt { get; } = Exactly(
        NameColumn,
        new("Created At", "date", (document, _) => document.Object("metadata").Text("creationTimestamp") ?? ""));

    /// <summary>The name, the given columns, and the age before those that are wide.</summary>
    public static TableColumns Of(params TableColumn[] columns) => Exactly(
        [NameColumn, .. columns.Where(column => !column.IsWide), AgeColumn, .. columns.Where(column => column.IsWide)]);

    /// <summary>Exactly these.</summary>
    public static TableColumns Exactly(params TableColumn[] columns) => new([.. columns]);

    public static TableColumn Text(string name, Func<JsonObject, string?> cell, bool isWide = false) =>
        new(name, "string", (document, _) => cell(document) ?? "", isWide);

    public static TableColumn Number(string name, Func<JsonObject, long> cell, bool isWide = false) =>
        new(name, "integer", (document, _) => cell(document), isWide);

    public static TableColumn Flag(string name, Func<JsonObject, bool> cell, bool isWide = false) =>
        new(name, "boolean", (document, _) => cell(document), isWide);

    /// <summary>Names and images of the containers at a path.</summary>
    public static TableColumn[] Containers(params string[] path) =>
    [
        Text("Containers", document => Cells.Containers(document.At(path)).Names, isWide: true),
        Text("Images", document => Cells.Containers(document.At(path)).Images, isWide: true),
    ];
}
