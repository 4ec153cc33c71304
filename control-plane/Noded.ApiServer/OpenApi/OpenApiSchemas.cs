using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.OpenApi;

/// <summary>The types of the API as schemas of OpenAPI v3.</summary>
internal sealed class OpenApiSchemas(Descriptions descriptions)
{
    private const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private const string IntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    private const string Time = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
    private const string MicroTime = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";

    private readonly JsonObject _schemas = [];

    /// <summary>Every type that was asked for, and those it is made of.</summary>
    public JsonObject Schemas => _schemas;

    /// <summary>A reference to a structure, which is described from then on.</summary>
    public JsonObject Reference(SchemaType type)
    {
        string name = NameOf(type);
        if (!_schemas.ContainsKey(name))
        {
            _schemas[name] = new JsonObject(); // so that a type may contain itself
            _schemas[name] = Describe(type);
        }

        return Pointer(name);
    }

    public static string NameOf(SchemaType type) => type.Name.StartsWith("meta/", StringComparison.Ordinal)
        ? $"io.k8s.apimachinery.pkg.apis.{type.Name.Replace('/', '.')}"
        : $"io.k8s.api.{type.Name.Replace('/', '.')}";

    private static JsonObject Pointer(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };

    private JsonObject Describe(SchemaType type)
    {
        JsonObject properties = [];
        foreach (SchemaField field in type.Ordered)
        {
            properties[field.Name] = Property(type, field);
        }

        JsonObject schema = new()
        {
            ["description"] = descriptions.Of(type) ?? type.ShortName,
            ["type"] = "object",
            ["properties"] = properties,
        };
        JsonNode[] required = [.. type.Ordered
            .Where(field => field.IsRequired && field.Name is not ("apiVersion" or "kind"))
            .Select(field => (JsonNode)field.Name)];
        if (required.Length > 0)
        {
            schema["required"] = new JsonArray(required);
        }

        if (type.Properties.ContainsKey("apiVersion") && type.Properties.ContainsKey("kind")
            && type.Properties.ContainsKey("metadata") && SchemaCatalog.GroupOf(type) is { } group)
        {
            string version = type.Name.Split('/')[1].Split('.')[0];
            schema["x-kubernetes-group-version-kind"] = new JsonArray(
                new JsonObject { ["group"] = group, ["kind"] = type.ShortName, ["version"] = version });
        }

        return schema;
    }

    private JsonObject Property(SchemaType owner, SchemaField field)
    {
        JsonObject schema = TypeOf(field.Type);
        if (schema.ContainsKey("$ref"))
        {
            // Nothing may stand beside a reference.
            schema = new JsonObject { ["allOf"] = new JsonArray(schema) };
            if (!field.IsPointer && field.Type.Kind == SchemaKind.Structure)
            {
                schema["default"] = new JsonObject();
            }
        }

        if (descriptions.Of(owner, field) is { } description)
        {
            schema.Insert(0, "description", description);
        }

        if (field.Default is not null)
        {
            schema["default"] = DocumentReader.ReadJson(System.Text.Encoding.UTF8.GetBytes(field.Default)).Root;
        }

        if (field.Values.Length > 0 && field.Type.Kind == SchemaKind.Text)
        {
            schema["enum"] = new JsonArray([.. field.Values.Select(value => (JsonNode)value)]);
        }

        if (field.ListType.Length > 0)
        {
            string name = field.Type.Kind == SchemaKind.List ? "x-kubernetes-list-type" : "x-kubernetes-map-type";
            schema[name] = field.ListType;
        }

        if (field.MapKeys.Length > 0)
        {
            schema["x-kubernetes-list-map-keys"] = new JsonArray([.. field.MapKeys.Select(key => (JsonNode)key)]);
        }

        if (field.Merges || field.RetainsKeys)
        {
            schema["x-kubernetes-patch-strategy"] =
                field is { Merges: true, RetainsKeys: true } ? "merge,retainKeys" : field.Merges ? "merge" : "retainKeys";
        }

        if (field.MergeKey.Length > 0)
        {
            schema["x-kubernetes-patch-merge-key"] = field.MergeKey;
        }

        return schema;
    }

    private JsonObject TypeOf(SchemaType type) => type.Kind switch
    {
        SchemaKind.Text or SchemaKind.Duration => new() { ["type"] = "string" },
        SchemaKind.Boolean => new() { ["type"] = "boolean" },
        SchemaKind.Integer => new() { ["type"] = "integer", ["format"] = type.Name is "int32" or "uint32" ? "int32" : "int64" },
        SchemaKind.Number => new() { ["type"] = "number", ["format"] = "double" },
        SchemaKind.Bytes => new() { ["type"] = "string", ["format"] = "byte" },
        SchemaKind.Time => Known(Time, new() { ["type"] = "string", ["format"] = "date-time" }),
        SchemaKind.MicroTime => Known(MicroTime, new() { ["type"] = "string", ["format"] = "date-time" }),
        SchemaKind.Quantity => Known(Quantity, new()
        {
            ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "string" }, new JsonObject { ["type"] = "number" }),
        }),
        SchemaKind.IntOrString => Known(IntOrString, new()
        {
            ["format"] = "int-or-string",
            ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" }),
        }),
        SchemaKind.List => new() { ["type"] = "array", ["items"] = Item(type.Element!) }, // a list has an element
        SchemaKind.Map => new() { ["type"] = "object", ["additionalProperties"] = Item(type.Element!) }, // and a map
        SchemaKind.Structure => Reference(type),
        _ => new() { ["type"] = "object" },
    };

    private JsonObject Item(SchemaType type)
    {
        JsonObject item = TypeOf(type);
        return item.ContainsKey("$ref") && type.Kind == SchemaKind.Structure
            ? new JsonObject { ["allOf"] = new JsonArray(item), ["default"] = new JsonObject() }
            : item;
    }

    private JsonObject Known(string name, JsonObject schema)
    {
        _schemas.TryAdd(name, schema);
        return Pointer(name);
    }
}
