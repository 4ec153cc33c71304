using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>A container's environment.</summary>
internal static class EnvironmentValidator
{
    private const int MaxFileKey = 128;

    public static void Validate(V1Container container, FieldPath path, ContainerContext context, FieldErrors errors)
    {
        IList<V1EnvVar> variables = container.Env.OrEmpty();
        for (int i = 0; i < variables.Count; i++)
        {
            Variable(variables[i], path.Child("env").Index(i), context, errors);
        }

        IList<V1EnvFromSource> sources = container.EnvFrom.OrEmpty();
        for (int i = 0; i < sources.Count; i++)
        {
            From(sources[i], path.Child("envFrom").Index(i), errors);
        }
    }

    private static void Variable(V1EnvVar variable, FieldPath path, ContainerContext context, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(variable.Name))
        {
            errors.Required(path.Child("name"));
        }
        else
        {
            errors.Invalid(path.Child("name"), variable.Name, NameRules.EnvironmentVariable(variable.Name));
        }

        if (variable.ValueFrom is not null)
        {
            ValueFrom(variable, variable.ValueFrom, path.Child("valueFrom"), errors);
            FileKey(variable.ValueFrom.FileKeyRef, path.Child("valueFrom").Child("fileKeyRef"), context, errors);
        }
    }

    private static void ValueFrom(V1EnvVar variable, V1EnvVarSource source, FieldPath path, FieldErrors errors)
    {
        object?[] given =
        [
            source.FieldRef, source.ResourceFieldRef, source.ConfigMapKeyRef, source.SecretKeyRef, source.FileKeyRef,
        ];

        switch (given.Count(part => part is not null))
        {
            case 0:
                errors.Invalid(
                    path,
                    "",
                    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or "
                        + "`fileKeyRef`");
                break;
            case > 1:
                errors.Invalid(path, "", "may not have more than one field specified at a time");
                break;
            case 1 when !string.IsNullOrEmpty(variable.Value):
                errors.Invalid(path, "", "may not be specified when `value` is not empty");
                break;
        }

        FieldRefValidator.Field(source.FieldRef, path.Child("fieldRef"), FieldRefValidator.EnvironmentFields, errors);
        FieldRefValidator.Resource(source.ResourceFieldRef, path.Child("resourceFieldRef"), inVolume: false, errors);
        if (source.ConfigMapKeyRef is not null)
        {
            Require(source.ConfigMapKeyRef.Name, path.Child("configMapKeyRef").Child("name"), errors);
            Require(source.ConfigMapKeyRef.Key, path.Child("configMapKeyRef").Child("key"), errors);
        }

        if (source.SecretKeyRef is not null)
        {
            Require(source.SecretKeyRef.Name, path.Child("secretKeyRef").Child("name"), errors);
            Require(source.SecretKeyRef.Key, path.Child("secretKeyRef").Child("key"), errors);
        }
    }

    private static void FileKey(V1FileKeySelector? source, FieldPath path, ContainerContext context, FieldErrors errors)
    {
        if (source is null)
        {
            return;
        }

        Require(source.Key, path.Child("key"), errors);
        Require(source.Path, path.Child("path"), errors);
        Require(source.VolumeName, path.Child("volumeName"), errors);
        if (!string.IsNullOrEmpty(source.Key))
        {
            errors.Invalid(path.Child("key"), source.Key, NameRules.EnvironmentVariable(source.Key));
            if (source.Key.Length > MaxFileKey)
            {
                errors.Invalid(path.Child("key"), source.Key, $"must be no more than {MaxFileKey} bytes");
            }
        }

        PathRules.DescendingNonReserved(source.Path ?? "", path.Child("path"), errors);
        if (!string.IsNullOrEmpty(source.VolumeName))
        {
            V1Volume? volume = context.Spec.Volumes.OrEmpty().FirstOrDefault(volume => volume.Name == source.VolumeName);
            if (volume is null)
            {
                errors.NotFound(path.Child("volumeName"), source.VolumeName);
            }
            else if (volume.EmptyDir is null)
            {
                errors.Invalid(path.Child("volumeName"), source.VolumeName, "must be an emptyDir volume");
            }
        }
    }

    private static void From(V1EnvFromSource source, FieldPath path, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(source.Prefix))
        {
            errors.Invalid(path.Child("prefix"), source.Prefix, NameRules.EnvironmentVariable(source.Prefix));
        }

        switch (source.ConfigMapRef, source.SecretRef)
        {
            case (null, null):
                errors.Invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
                break;
            case (not null, not null):
                errors.Invalid(path, "", "may not have more than one field specified at a time");
                break;
            case (not null, null):
                Require(source.ConfigMapRef.Name, path.Child("configMapRef").Child("name"), errors);
                break;
            case (null, not null):
                Require(source.SecretRef.Name, path.Child("secretRef").Child("name"), errors);
                break;
        }
    }

    private static void Require(string? value, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(path);
        }
    }
}
