using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;

namespace Noded.ApiServer.Registries;

/// <summary>Brings objects that clients sent into the form in which they are kept, and checks them.</summary>
internal static class ObjectPreparation
{
    private static readonly string[] ServerOwned =
        ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"];

    public static void ForCreate(Resource resource, string? ns, JsonObject document, DateTimeOffset now)
    {
        CheckPlace(resource, ns, document);
        JsonObject metadata = document.Metadata();
        if (document.TakeRevision() is not null)
        {
            throw ApiStatusException.BadRequest("resourceVersion should not be set on objects to be created");
        }

        foreach (string name in ServerOwned)
        {
            metadata.Remove(name);
        }

        if (resource.Definition.IsNamespaced)
        {
            metadata["namespace"] = ns;
        }

        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = ScalarDecoder.Time(now);
        if (resource.Definition.HasStatus)
        {
            document.Remove("status");
        }

        if (resource.Strategy.TracksGeneration)
        {
            metadata["generation"] = 1L;
        }

        resource.Strategy.ApplyDefaults(document);
        resource.Strategy.PrepareForCreate(document);
    }

    /// <returns>Whether the client insists on the version that it has seen.</returns>
    public static bool ForUpdate(Resource resource, JsonObject document, JsonObject old, WriteOptions options)
    {
        string? subresource = options.Subresource;
        CheckPlace(resource, old.Namespace(), document);
        CheckIdentity(resource, document, old);
        string? seen = document.TakeRevision();
        string? current = old.Object("metadata").Text("resourceVersion");
        if (seen is not null && seen != current)
        {
            throw ApiStatusException.Modified(resource.Definition, old.Name());
        }

        if (seen is null && !resource.Strategy.AllowsUnconditionalUpdate && !options.IsRelative && subresource is null)
        {
            FieldErrors errors = new();
            errors.Invalid(new("metadata.resourceVersion"), 0, "must be specified for an update");
            throw ApiStatusException.Invalid(resource.Definition, old.Name(), errors.ToImmutable());
        }

        Restore(document.Metadata(), old.Metadata());
        if (resource.Definition.IsNamespaced)
        {
            document.Metadata()["namespace"] = old.Namespace();
        }

        Separate(resource, document, old, subresource);
        resource.Strategy.ApplyDefaults(document);
        if (subresource is null)
        {
            resource.Strategy.PrepareForUpdate(document, old);
        }

        if (resource.Strategy.TracksGeneration && resource.Strategy.WishDiffers(document, old))
        {
            document.Metadata()["generation"] = (old.Metadata().Integer("generation") ?? 0) + 1;
        }

        return seen is not null;
    }

    /// <exception cref="ApiStatusException">The object breaks a rule.</exception>
    public static void Validate(Resource resource, JsonObject document, JsonObject? old, string? subresource = null)
    {
        FieldErrors errors = new();
        if (old is null)
        {
            resource.Strategy.Validate(document, errors);
        }
        else if (subresource is null)
        {
            resource.Strategy.ValidateUpdate(document, old, errors);
        }
        else if (subresource == "status")
        {
            resource.Strategy.ValidateStatus(document, old, errors);
        }
        else
        {
            resource.Strategy.ValidateSubresource(document, old, subresource, errors);
        }

        // What a status belongs to may have been made before there was a rule that it breaks.
        bool isWhole = subresource != "status";
        ImmutableArray<FieldError> found = [.. Common(resource, document, old, errors.ToImmutable(), isWhole).Distinct()];
        if (found.Length > 0)
        {
            throw ApiStatusException.Invalid(resource.Definition, document.Name(), found);
        }
    }

    /// <summary>The errors of a kind behind those that any kind may have, unless the kind says more of the same field.</summary>
    private static IEnumerable<FieldError> Common(
        Resource resource, JsonObject document, JsonObject? old, ImmutableArray<FieldError> particular, bool isWhole)
    {
        FieldErrors metadata = new();
        MetadataRules.Validate(resource, document, old, metadata);
        FieldErrors schema = new();
        if (isWhole)
        {
            SchemaRules.Validate(document, resource.Definition.Schema, schema);
        }

        return
        [
            .. metadata.ToImmutable(),
            .. schema.ToImmutable().Where(error => !particular.Any(told => IsSame(told.Field.Text, error.Field.Text))),
            .. particular,
        ];
    }

    /// <summary>Whether a field is that of which more is said, or an item of it.</summary>
    private static bool IsSame(string told, string field) =>
        field.StartsWith(told, StringComparison.Ordinal) && (field.Length == told.Length || field[told.Length] == '[');

    private static void CheckPlace(Resource resource, string? ns, JsonObject document)
    {
        string given = document.Namespace();
        if (resource.Definition.IsNamespaced && given.Length > 0 && given != ns)
        {
            throw ApiStatusException.BadRequest(
                $"the namespace of the provided object does not match the namespace sent on the request");
        }

        if (!resource.Definition.IsNamespaced)
        {
            document.Metadata().Remove("namespace");
        }
    }

    private static void CheckIdentity(Resource resource, JsonObject document, JsonObject old)
    {
        string name = document.Name();
        if (name.Length == 0)
        {
            document.Metadata()["name"] = old.Name();
        }
        else if (name != old.Name())
        {
            throw ApiStatusException.BadRequest(
                $"the name of the object ({name}) does not match the name on the URL ({old.Name()})");
        }

        string uid = document.Uid();
        if (uid.Length > 0 && uid != old.Uid())
        {
            throw ApiStatusException.Conflict(
                resource.Definition,
                name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Uid()}");
        }
    }

    private static void Restore(JsonObject metadata, JsonObject old)
    {
        foreach (string name in ServerOwned)
        {
            if (old[name] is { } value)
            {
                metadata[name] = value.DeepClone();
            }
            else
            {
                metadata.Remove(name);
            }
        }
    }

    /// <summary>A change of the object leaves its status alone, and a change of its status all the rest.</summary>
    private static void Separate(Resource resource, JsonObject document, JsonObject old, string? subresource)
    {
        if (subresource is not (null or "status"))
        {
            resource.Strategy.PrepareForSubresource(document, old, subresource);
            return;
        }

        if (!resource.Definition.HasStatus)
        {
            return;
        }

        if (subresource is null)
        {
            Copy(document, old, "status");
        }
        else
        {
            foreach (string name in document.Select(pair => pair.Key).Union(old.Select(pair => pair.Key)).ToArray())
            {
                if (name is not ("status" or "metadata"))
                {
                    Copy(document, old, name);
                }
            }

            if (!resource.Strategy.StatusUpdatesLabels)
            {
                Copy(document.Metadata(), old.Metadata(), "labels");
            }

            Copy(document.Metadata(), old.Metadata(), "ownerReferences");
        }
    }

    internal static void Copy(JsonObject target, JsonObject source, string name)
    {
        if (source[name] is { } value)
        {
            target[name] = value.DeepClone();
        }
        else
        {
            target.Remove(name);
        }
    }
}
