using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>One container, of either list.</summary>
internal static class ContainerValidator
{
    public static void Validate(V1Container container, FieldPath path, ContainerContext context, FieldErrors errors)
    {
        Name(container.Name, path.Child("name"), errors);
        Image(container.Image, path.Child("image"), errors);
        errors.RequireOneOf(
            path.Child("terminationMessagePolicy"),
            container.TerminationMessagePolicy,
            "File",
            "FallbackToLogsOnError");
        errors.RequireOneOf(
            path.Child("imagePullPolicy"), container.ImagePullPolicy, "Always", "IfNotPresent", "Never");

        PortValidator.Validate(container.Ports.OrEmpty(), path.Child("ports"), errors);
        EnvironmentValidator.Validate(container, path, context, errors);
        VolumeMountValidator.Validate(container, path, context, errors);
        ResourceValidator.Container(container.Resources, path.Child("resources"), errors);
        ResizePolicy(container.ResizePolicy.OrEmpty(), path.Child("resizePolicy"), errors);
        SecurityContextValidator.Validate(
            container.SecurityContext, path.Child("securityContext"), context.Spec.HostUsers != false, errors);
        ProbeValidator.Validate(container, path, context, errors);
    }

    private static void Name(string? name, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(path);
        }
        else
        {
            errors.Invalid(path, name, NameRules.Dns1123Label(name));
        }
    }

    private static void Image(string? image, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(image))
        {
            errors.Required(path);
        }
        else if (image.Trim() != image)
        {
            errors.Invalid(path, image, "must not have leading or trailing whitespace");
        }
    }

    private static void ResizePolicy(IList<V1ContainerResizePolicy> policies, FieldPath path, FieldErrors errors)
    {
        HashSet<string> seen = [];
        for (int i = 0; i < policies.Count; i++)
        {
            string name = policies[i].ResourceName ?? "";
            if (!seen.Add(name))
            {
                errors.Duplicate(path.Index(i), name);
            }

            errors.RequireOneOf(path, policies[i].ResourceName, "cpu", "memory");
            errors.RequireOneOf(path, policies[i].RestartPolicy, "NotRequired", "RestartContainer");
        }
    }
}
