using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Registries;

/// <summary>The rules that follow from the types: texts that must be there, and values of closed sets.</summary>
internal static class SchemaRules
{
    public static void Validate(JsonObject document, SchemaType type, FieldErrors errors)
    {
        foreach (SchemaField field in type.Ordered)
        {
            if (field.Name is not ("apiVersion" or "kind" or "metadata" or "status"))
            {
                Field(document, field, new FieldPath(field.Name), errors);
            }
        }
    }

    private static void Structure(JsonObject document, SchemaType type, FieldPath path, FieldErrors errors)
    {
        foreach (SchemaField field in type.Ordered)
        {
            if (field.Name is not ("metadata" or "status"))
            {
                Field(document, field, path.Child(field.Name), errors);
            }
        }
    }

    private static void Field(JsonObject document, SchemaField field, FieldPath path, FieldErrors errors)
    {
        JsonNode? value = document[field.Name];
        switch (field.Type.Kind)
        {
            case SchemaKind.Text:
                string text = value.AsText() ?? "";
                if (text.Length == 0 && field is { IsRequired: true, OmitsEmpty: false })
                {
                    errors.Required(path);
                }
                else if (text.Length > 0 && field.Values.Length > 0 && !field.Values.Contains(text))
                {
                    errors.NotSupported(path, text, field.Values.Where(permitted => permitted.Length > 0));
                }

                break;
            case SchemaKind.Structure when value is JsonObject structure:
                Structure(structure, field.Type, path, errors);
                break;
            case SchemaKind.List when value is JsonArray list:
                for (int i = 0; i < list.Count; i++)
                {
                    Item(list[i], field, path.Index(i), errors);
                }

                break;
            case SchemaKind.Map when field.Type.Element is { Kind: SchemaKind.Structure } element:
                foreach ((string key, JsonNode? item) in value as JsonObject ?? [])
                {
                    if (item is JsonObject inner)
                    {
                        Structure(inner, element, path.Key(key), errors);
                    }
                }

                break;
            default:
                break;
        }
    }

    private static void Item(JsonNode? item, SchemaField field, FieldPath path, FieldErrors errors)
    {
        if (item is JsonObject structure && field.Type.Element is { Kind: SchemaKind.Structure } element)
        {
            Structure(structure, element, path, errors);
        }
        else if (field.Values.Length > 0 && item.AsText() is { } text && !field.Values.Contains(text))
        {
            errors.NotSupported(path, text, field.Values);
        }
    }
}
