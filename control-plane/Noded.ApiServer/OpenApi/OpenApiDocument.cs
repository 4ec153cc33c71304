using System.Text.Json.Nodes;

using Noded.Api;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.OpenApi;

/// <summary>Writes the OpenAPI v3 document of a group and version.</summary>
internal static class OpenApiDocument
{
    private static readonly (string Name, string Type)[] WriteParameters =
        [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")];

    private static readonly (string Name, string Type)[] ListParameters =
    [
        ("allowWatchBookmarks", "boolean"), ("continue", "string"), ("fieldSelector", "string"), ("labelSelector", "string"),
        ("limit", "integer"), ("resourceVersion", "string"), ("resourceVersionMatch", "string"),
        ("sendInitialEvents", "boolean"), ("timeoutSeconds", "integer"), ("watch", "boolean"),
    ];

    public static JsonObject Write(string groupVersion, IEnumerable<ResourceDefinition> resources, SchemaCatalog catalog)
    {
        OpenApiSchemas schemas = new(Descriptions.Read());
        JsonObject paths = [];
        foreach (ResourceDefinition resource in resources)
        {
            AddPaths(paths, resource, schemas);
            if (catalog.Find(groupVersion, $"{resource.Kind}List") is { } list)
            {
                schemas.Reference(list);
            }
        }

        schemas.Reference(catalog["meta/v1.DeleteOptions"]);
        schemas.Reference(catalog["meta/v1.Status"]);
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = KubernetesVersion.GitVersion },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.Schemas },
        };
    }

    private static void AddPaths(JsonObject paths, ResourceDefinition resource, OpenApiSchemas schemas)
    {
        string root = resource.Group.Length == 0 ? "/api/v1" : $"/apis/{resource.GroupVersion}";
        string collection = resource.IsNamespaced ? $"{root}/namespaces/{{namespace}}/{resource.Name}" : $"{root}/{resource.Name}";
        JsonObject kind = Kind(resource.GroupVersion, resource.Kind);
        if (resource.IsNamespaced && resource.Verbs.Contains("list"))
        {
            paths[$"{root}/{resource.Name}"] = Operations(resource.Schema, kind, schemas, ["list"], resource.Verbs);
        }

        paths[collection] = Operations(resource.Schema, kind, schemas, ["list", "create", "deletecollection"], resource.Verbs);
        if (resource.IsStored)
        {
            paths[$"{collection}/{{name}}"] =
                Operations(resource.Schema, kind, schemas, ["get", "update", "patch", "delete"], resource.Verbs);
        }

        foreach (SubresourceDefinition part in resource.Subresources)
        {
            paths[$"{collection}/{{name}}/{part.Name}"] = Operations(
                part.Schema, Kind(part.GroupVersion, part.Kind), schemas, ["get", "create", "update", "patch", "delete"], part.Verbs);
        }
    }

    private static JsonObject Operations(
        SchemaType type, JsonObject kind, OpenApiSchemas schemas, string[] candidates, IEnumerable<string> verbs)
    {
        JsonObject item = [];
        foreach (string verb in candidates.Where(verbs.Contains))
        {
            (string method, string action) = verb switch
            {
                "list" => ("get", "list"),
                "create" => ("post", "post"),
                "update" => ("put", "put"),
                "deletecollection" => ("delete", "deletecollection"),
                _ => (verb, verb),
            };
            item[method] = Operation(type, kind, schemas, action);
        }

        return item;
    }

    private static JsonObject Operation(SchemaType type, JsonObject kind, OpenApiSchemas schemas, string action)
    {
        (string Name, string Type)[] parameters = action switch
        {
            "list" or "deletecollection" => ListParameters,
            "post" or "put" => WriteParameters,
            "patch" => [.. WriteParameters, ("force", "boolean")],
            "delete" => [("dryRun", "string"), ("gracePeriodSeconds", "integer"), ("propagationPolicy", "string")],
            _ => [],
        };
        JsonObject content = new() { ["application/json"] = new JsonObject { ["schema"] = schemas.Reference(type) } };
        JsonObject operation = new()
        {
            ["parameters"] = new JsonArray([.. parameters.Select(parameter => new JsonObject
            {
                ["name"] = parameter.Name,
                ["in"] = "query",
                ["schema"] = new JsonObject { ["type"] = parameter.Type, ["uniqueItems"] = true },
            })]),
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject { ["description"] = "OK", ["content"] = content },
            },
            ["x-kubernetes-action"] = action,
            ["x-kubernetes-group-version-kind"] = kind.DeepClone(),
        };
        if (action is "post" or "put")
        {
            operation["requestBody"] = new JsonObject { ["content"] = content.DeepClone(), ["required"] = true };
        }

        return operation;
    }

    private static JsonObject Kind(string groupVersion, string kind)
    {
        string[] parts = groupVersion.Split('/');
        return new JsonObject
        {
            ["group"] = parts.Length == 2 ? parts[0] : "",
            ["kind"] = kind,
            ["version"] = parts[^1],
        };
    }
}
