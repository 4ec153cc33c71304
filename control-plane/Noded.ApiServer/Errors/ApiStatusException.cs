using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

using Noded.Api.Validation;
using Noded.ApiServer.Schemas;
using Noded.Store;

namespace Noded.ApiServer.Errors;

/// <summary>A request that failed, as its client is told; the texts are upstream's (apimachinery, api/errors).</summary>
internal sealed class ApiStatusException(int code, string reason, string message, JsonObject? details = null)
    : Exception(message)
{
    private const string ModifiedMessage =
        "the object has been modified; please apply your changes to the latest version and try again";

    public int Code { get; } = code;

    public string Reason { get; } = reason;

    public JsonObject? Details { get; } = details;

    /// <summary>Seconds after which to try again; null to leave that open.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Where a list can be continued that has no consistent rest any more.</summary>
    public string? Continue { get; init; }

    public static ApiStatusException NotFound(ResourceDefinition resource, string name) =>
        new(404, "NotFound", $"{resource.QualifiedName} \"{name}\" not found", DetailsOf(resource, name));

    public static ApiStatusException NoSuchPath() =>
        new(404, "NotFound", "the server could not find the requested resource", []);

    public static ApiStatusException AlreadyExists(ResourceDefinition resource, string name) => new(
        409, "AlreadyExists", $"{resource.QualifiedName} \"{name}\" already exists", DetailsOf(resource, name));

    public static ApiStatusException GenerateNameConflict(ResourceDefinition resource, string name) => new(
        409,
        "AlreadyExists",
        $"{resource.QualifiedName} \"{name}\" already exists, the server was not able to generate a unique name for the object",
        DetailsOf(resource, name))
    {
        RetryAfter = 1,
    };

    public static ApiStatusException Conflict(ResourceDefinition resource, string name, string why) => new(
        409,
        "Conflict",
        $"Operation cannot be fulfilled on {resource.QualifiedName} \"{name}\": {why}",
        DetailsOf(resource, name));

    public static ApiStatusException Modified(ResourceDefinition resource, string name) =>
        Conflict(resource, name, ModifiedMessage);

    public static ApiStatusException Forbidden(ResourceDefinition resource, string name, string why) => new(
        403,
        "Forbidden",
        name.Length == 0
            ? $"{resource.QualifiedName} is forbidden: {why}"
            : $"{resource.QualifiedName} \"{name}\" is forbidden: {why}",
        DetailsOf(resource, name));

    public static ApiStatusException BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiStatusException Expired(string message) => new(410, "Expired", message);

    /// <summary>A version was asked for that does not exist yet.</summary>
    public static ApiStatusException TooLargeRevision(FutureRevisionException future) => new(
        504,
        "Timeout",
        string.Create(
            CultureInfo.InvariantCulture,
            $"Timeout: Too large resource version: {future.Revision}, current: {future.Current}"),
        new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject
            {
                ["reason"] = "ResourceVersionTooLarge",
                ["message"] = "Too large resource version",
            }),
        })
    {
        RetryAfter = 1,
    };

    public static ApiStatusException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static ApiStatusException Unavailable(string message) =>
        new(503, "ServiceUnavailable", message) { RetryAfter = 1 };

    public static ApiStatusException UnsupportedMediaType(string accepted) => new(
        415,
        "UnsupportedMediaType",
        $"the body of the request was in an unknown format - accepted media types include: {accepted}");

    public static ApiStatusException NotAcceptable(string accepted) => new(
        406, "NotAcceptable", $"only the following media types are accepted: {accepted}");

    public static ApiStatusException TooLarge(int limit) => new(
        413,
        "RequestEntityTooLarge",
        string.Create(CultureInfo.InvariantCulture, $"Request entity too large: limit is {limit}"));

    public static ApiStatusException MethodNotAllowed() => new(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static ApiStatusException Internal(string message) => new(
        500,
        "InternalError",
        $"Internal error occurred: {message}",
        new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = message }) });

    public static ApiStatusException Invalid(
        ResourceDefinition resource, string name, ImmutableArray<FieldError> errors)
    {
        string kind = resource.Group.Length == 0 ? resource.Kind : $"{resource.Kind}.{resource.Group}";
        string[] texts = [.. errors.Select(error => error.ToString()).Distinct(StringComparer.Ordinal)];
        string all = texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        JsonObject details = DetailsOf(resource.Group, resource.Kind, name);
        details["causes"] = new JsonArray([.. errors.Select(Cause)]);
        return new ApiStatusException(422, "Invalid", $"{kind} \"{name}\" is invalid: {all}", details);
    }

    /// <summary>The <c>Status</c> object.</summary>
    public JsonObject ToStatus()
    {
        JsonObject status = new()
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = Continue is null ? [] : new JsonObject { ["continue"] = Continue },
            ["status"] = "Failure",
            ["message"] = Message,
            ["reason"] = Reason,
        };
        if (Details is not null || RetryAfter is not null)
        {
            JsonObject details = (JsonObject?)Details?.DeepClone() ?? [];
            if (RetryAfter is { } seconds)
            {
                details["retryAfterSeconds"] = (long)seconds;
            }

            status["details"] = details;
        }

        status["code"] = (long)Code;
        return status;
    }

    internal static JsonObject DetailsOf(ResourceDefinition resource, string name) =>
        DetailsOf(resource.Group, resource.Name, name);

    private static JsonObject DetailsOf(string group, string kind, string name)
    {
        JsonObject details = [];
        if (name.Length > 0)
        {
            details["name"] = name;
        }

        if (group.Length > 0)
        {
            details["group"] = group;
        }

        details["kind"] = kind;
        return details;
    }

    private static JsonObject Cause(FieldError error) => new()
    {
        ["reason"] = ReasonOf(error.Message),
        ["message"] = error.Message,
        ["field"] = error.Field.ToString(),
    };

    private static string ReasonOf(string message) => message.Split(':')[0] switch
    {
        "Required value" => "FieldValueRequired",
        "Duplicate value" => "FieldValueDuplicate",
        "Unsupported value" => "FieldValueNotSupported",
        "Forbidden" => "FieldValueForbidden",
        "Not found" => "FieldValueNotFound",
        "Too long" => "FieldValueTooLong",
        "Too many" => "FieldValueTooMany",
        _ => "FieldValueInvalid",
    };
}
