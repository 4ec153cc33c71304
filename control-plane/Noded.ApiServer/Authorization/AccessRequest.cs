using Noded.ApiServer.Authentication;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Selectors;

namespace Noded.ApiServer.Authorization;

/// <summary>What somebody wants to do, in the words in which rules are written.</summary>
internal sealed record AccessRequest(UserIdentity User, string Verb)
{
    public string Group { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>Which objects a list or a watch chooses.</summary>
    public FieldSelector Fields { get; init; } = FieldSelector.Everything;

    /// <summary>The path, where it is no resource's.</summary>
    public string? Path { get; init; }

    public string FullResource => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";

    public static AccessRequest Of(ApiRequest request)
    {
        FieldSelector fields = request.Verb is "list" or "watch" or "deletecollection" ? FieldsOf(request) : FieldSelector.Everything;
        bool isNamespace = request.Target.Resource == "namespaces" && request.Target.Name is not null;
        return new AccessRequest(request.User, request.Verb)
        {
            Group = request.Target.Group,
            Resource = request.Target.Resource,
            Subresource = request.Target.Subresource ?? "",
            Namespace = isNamespace ? request.Target.Name ?? "" : request.Namespace ?? "",
            Name = request.Target.Name ?? fields.Exact("metadata.name") ?? "",
            Fields = fields,
        };
    }

    /// <summary>The request's field selector; one that is wrong is refused later, and allows nothing here.</summary>
    private static FieldSelector FieldsOf(ApiRequest request)
    {
        try
        {
            return FieldSelector.Parse(request.Query["fieldSelector"].ToString());
        }
        catch (SelectorException)
        {
            return FieldSelector.Everything;
        }
    }

    /// <summary>That it is not allowed, in upstream's words.</summary>
    public ApiStatusException ToForbidden()
    {
        if (Path is not null)
        {
            return new ApiStatusException(
                403, "Forbidden", $"forbidden: User \"{User.Name}\" cannot {Verb} path \"{Path}\"", []);
        }

        string place = Namespace.Length == 0 ? "at the cluster scope" : $"in the namespace \"{Namespace}\"";
        string what = $"User \"{User.Name}\" cannot {Verb} resource \"{FullResource}\" in API group \"{Group}\" {place}";
        string qualified = Group.Length == 0 ? Resource : $"{Resource}.{Group}";
        System.Text.Json.Nodes.JsonObject details = new() { ["kind"] = Resource };
        if (Group.Length > 0)
        {
            details["group"] = Group;
        }

        if (Name.Length > 0)
        {
            details["name"] = Name;
        }

        string message = Name.Length == 0 ? $"{qualified} is forbidden: {what}" : $"{qualified} \"{Name}\" is forbidden: {what}";
        return new ApiStatusException(403, "Forbidden", message, details);
    }
}
