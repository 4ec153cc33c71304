using k8s.Models;

using Noded.Api.Pods;
using Noded.Api.Validation;

namespace Noded.Api.RuntimeClasses;

/// <summary>What the API server refuses of a RuntimeClass (upstream: pkg/apis/node/validation).</summary>
internal static class RuntimeClassValidator
{
    public static void Validate(V1RuntimeClass runtimeClass, FieldErrors errors)
    {
        FieldPath name = new FieldPath("metadata").Child("name");
        if (string.IsNullOrEmpty(runtimeClass.Metadata?.Name))
        {
            errors.Required(name);
        }
        else
        {
            errors.Invalid(name, runtimeClass.Metadata.Name, NameRules.Dns1123Subdomain(runtimeClass.Metadata.Name));
        }

        FieldPath handler = new("handler");
        if (string.IsNullOrEmpty(runtimeClass.Handler))
        {
            errors.Required(handler);
        }
        else
        {
            errors.Invalid(handler, runtimeClass.Handler, NameRules.Dns1123Label(runtimeClass.Handler));
        }

        foreach ((string resource, ResourceQuantity amount) in (runtimeClass.Overhead?.PodFixed).OrEmpty())
        {
            ResourceValidator.Entry(
                resource, amount.ToQuantity(), new FieldPath("overhead").Child("podFixed").Key(resource), errors);
        }

        FieldPath scheduling = new("scheduling");
        MetadataValidator.Labels(runtimeClass.Scheduling?.NodeSelector, scheduling.Child("nodeSelector"), errors);
        TolerationValidator.Validate(
            (runtimeClass.Scheduling?.Tolerations).OrEmpty(), scheduling.Child("tolerations"), errors);
    }
}
