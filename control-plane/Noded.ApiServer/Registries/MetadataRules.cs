using System.Text;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Registries;

/// <summary>The rules for the metadata of every kind (apimachinery, api/validation).</summary>
internal static class MetadataRules
{
    private const int AnnotationBytes = 256 << 10;
    private static readonly FieldPath Path = new("metadata");

    public static void Validate(Resource resource, JsonObject document, JsonObject? old, FieldErrors errors)
    {
        JsonObject metadata = document.Metadata();
        if (old is null)
        {
            Name(resource, document, errors);
        }
        else
        {
            NewFinalizers(document, old, errors);
        }

        Labels(metadata.Object("labels"), Path.Child("labels"), errors);
        Annotations(metadata.Object("annotations"), errors);
        OwnerReferences([.. metadata.Objects("ownerReferences")], errors);
        int index = 0;
        foreach (string finalizer in document.Finalizers())
        {
            Finalizer(finalizer, Path.Child("finalizers").Index(index++), errors);
        }
    }

    public static void Labels(JsonObject? labels, FieldPath path, FieldErrors errors)
    {
        foreach ((string key, JsonNode? value) in labels ?? [])
        {
            errors.Invalid(path, key, NameRules.QualifiedName(key));
            string text = value.AsText() ?? "";
            errors.Invalid(path, text, NameRules.LabelValue(text));
        }
    }

    private static void Name(Resource resource, JsonObject document, FieldErrors errors)
    {
        string name = document.Name();
        if (name.Length == 0)
        {
            errors.Required(Path.Child("name"), "name or generateName is required");
        }
        else
        {
            errors.Invalid(Path.Child("name"), name, resource.Strategy.NameErrors(name));
        }

        if (resource.Definition.IsNamespaced)
        {
            string ns = document.Namespace();
            errors.Invalid(Path.Child("namespace"), ns, NameRules.Dns1123Label(ns));
        }
    }

    private static void NewFinalizers(JsonObject document, JsonObject old, FieldErrors errors)
    {
        if (!old.IsBeingDeleted())
        {
            return;
        }

        string[] added = [.. document.Finalizers().Except(old.Finalizers())];
        if (added.Length > 0)
        {
            string list = string.Join(", ", added.Select(name => $"\"{name}\""));
            errors.Forbidden(
                Path.Child("finalizers"),
                $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}");
        }
    }

    private static void Annotations(JsonObject? annotations, FieldErrors errors)
    {
        FieldPath path = Path.Child("annotations");
        long size = 0;
        foreach ((string key, JsonNode? value) in annotations ?? [])
        {
            errors.Invalid(path, key, NameRules.QualifiedName(key.ToLowerInvariant()));
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value.AsText() ?? "");
        }

        if (size > AnnotationBytes)
        {
            errors.TooLong(path, AnnotationBytes);
        }
    }

    private static void OwnerReferences(JsonObject[] references, FieldErrors errors)
    {
        string? controller = null;
        for (int i = 0; i < references.Length; i++)
        {
            FieldPath path = Path.Child("ownerReferences").Index(i);
            foreach (string name in (ReadOnlySpan<string>)["apiVersion", "kind", "name", "uid"])
            {
                if (string.IsNullOrEmpty(references[i].Text(name)))
                {
                    errors.Invalid(path.Child(name), "", name == "apiVersion" ? "version must not be empty" : "must not be empty");
                }
            }

            if (references[i].Boolean("controller") == true)
            {
                string owner = $"{references[i].Text("kind")}/{references[i].Text("name")}";
                if (controller is not null)
                {
                    errors.Invalid(
                        Path.Child("ownerReferences"),
                        owner,
                        $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {owner}");
                }

                controller = owner;
            }
        }
    }

    private static void Finalizer(string finalizer, FieldPath path, FieldErrors errors)
    {
        errors.Invalid(path, finalizer, NameRules.QualifiedName(finalizer));
        if (!finalizer.Contains('/', StringComparison.Ordinal)
            && finalizer is not ("orphan" or "foregroundDeletion" or "kubernetes"))
        {
            errors.Invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }
}
