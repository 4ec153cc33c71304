using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Tables;

/// <summary>Objects as rows of a table.</summary>
internal static class TableRows
{
    /// <summary>The definitions of a kind's columns.</summary>
    public static JsonArray Columns(Resource resource)
    {
        JsonArray columns = [];
        foreach (TableColumn column in resource.Strategy.Columns.All)
        {
            columns.Add((JsonNode)Definition(column));
        }

        return columns;
    }

    /// <param name="resource">The object's kind.</param>
    /// <param name="document">The object.</param>
    /// <param name="include"><c>Object</c>, <c>None</c>, or anything else for its metadata.</param>
    /// <param name="now">Ages are up to then.</param>
    public static JsonObject Row(Resource resource, JsonObject document, string include, DateTimeOffset now)
    {
        JsonArray cells = [];
        foreach (TableColumn column in resource.Strategy.Columns.All)
        {
            cells.Add(column.Cell(document, now));
        }

        JsonObject row = new() { ["cells"] = cells };
        if (include == "Object")
        {
            row["object"] = document.DeepClone();
        }
        else if (include != "None")
        {
            row["object"] = new JsonObject
            {
                ["kind"] = "PartialObjectMetadata",
                ["apiVersion"] = "meta.k8s.io/v1",
                ["metadata"] = document.Object("metadata")?.DeepClone() ?? new JsonObject(),
            };
        }

        return row;
    }

    /// <summary>The row that carries the version of a bookmark.</summary>
    public static JsonObject Bookmark(Resource resource, JsonObject document)
    {
        JsonArray cells = [];
        for (int i = 0; i < resource.Strategy.Columns.All.Length; i++)
        {
            cells.Add((JsonNode)"");
        }

        return new JsonObject { ["cells"] = cells, ["object"] = document.DeepClone() };
    }

    private static JsonObject Definition(TableColumn column) => new()
    {
        ["name"] = column.Name,
        ["type"] = column.Type,
        ["format"] = column.Format,
        ["description"] = "",
        ["priority"] = column.IsWide ? 1L : 0L,
    };
}
