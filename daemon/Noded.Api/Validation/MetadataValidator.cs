using System.Text;

using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>Names, labels and annotations of a pod's metadata.</summary>
internal static class MetadataValidator
{
    internal const int AnnotationBytes = 256 << 10;

    public static void Validate(V1ObjectMeta? metadata, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(metadata?.Name))
        {
            errors.Required(path.Child("name"), "name or generateName is required");
        }
        else
        {
            errors.Invalid(path.Child("name"), metadata.Name, NameRules.Dns1123Subdomain(metadata.Name));
        }

        if (string.IsNullOrEmpty(metadata?.NamespaceProperty))
        {
            errors.Required(path.Child("namespace"));
        }
        else
        {
            string ns = metadata.NamespaceProperty;
            errors.Invalid(path.Child("namespace"), ns, NameRules.Dns1123Label(ns));
        }

        Labels(metadata?.Labels, path.Child("labels"), errors);
        Annotations(metadata?.Annotations, path.Child("annotations"), errors);
        errors.NonNegative(path.Child("generation"), metadata?.Generation);
    }

    public static void Labels(IDictionary<string, string>? labels, FieldPath path, FieldErrors errors)
    {
        foreach ((string key, string value) in labels.OrEmpty())
        {
            errors.Invalid(path, key, NameRules.QualifiedName(key));
            errors.Invalid(path.Key(key), value, NameRules.LabelValue(value ?? ""));
        }
    }

    private static void Annotations(IDictionary<string, string>? annotations, FieldPath path, FieldErrors errors)
    {
        long size = 0;
        foreach ((string key, string value) in annotations.OrEmpty())
        {
            // Unlike labels, the prefix may be written in capitals.
            errors.Invalid(path, key, NameRules.QualifiedName(key.ToLowerInvariant()));
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value ?? "");
        }

        if (size > AnnotationBytes)
        {
            errors.TooLong(path, AnnotationBytes);
        }
    }
}
