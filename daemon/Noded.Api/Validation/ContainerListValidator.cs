using System.Globalization;

using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>
/// What holds across all containers of a pod: there is one, names are unique, host ports do not collide.
/// </summary>
internal static class ContainerListValidator
{
    public static void Validate(V1PodSpec spec, FieldPath path, HashSet<string> volumes, FieldErrors errors)
    {
        FieldPath containersPath = path.Child("containers");
        FieldPath initPath = path.Child("initContainers");
        ContainerContext context = new(spec, volumes);
        HashSet<string> names = [];

        IList<V1Container> containers = spec.Containers.OrEmpty();
        if (containers.Count == 0)
        {
            errors.Required(containersPath);
        }

        for (int i = 0; i < containers.Count; i++)
        {
            ContainerValidator.Validate(containers[i], containersPath.Index(i), context, errors);
            ContainerRestartValidator.Validate(containers[i], containersPath.Index(i), isInit: false, errors);
            Unique(containers[i], containersPath.Index(i), names, errors);
        }

        HostPorts(containers, containersPath, spec.HostNetwork == true, errors);

        IList<V1Container> inits = spec.InitContainers.OrEmpty();
        for (int i = 0; i < inits.Count; i++)
        {
            ContainerValidator.Validate(inits[i], initPath.Index(i), context, errors);
            ContainerRestartValidator.Validate(inits[i], initPath.Index(i), isInit: true, errors);
            Unique(inits[i], initPath.Index(i), names, errors);

            // Ordinary init containers run one after the other: each may have the port of another.
            HostPorts([inits[i]], initPath, spec.HostNetwork == true, errors, i);
        }
    }

    private static void Unique(V1Container container, FieldPath path, HashSet<string> names, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(container.Name) && !names.Add(container.Name))
        {
            errors.Duplicate(path.Child("name"), container.Name);
        }
    }

    private static void HostPorts(
        IList<V1Container> containers,
        FieldPath path,
        bool hostNetwork,
        FieldErrors errors,
        int first = 0)
    {
        HashSet<string> taken = [];
        for (int i = 0; i < containers.Count; i++)
        {
            IList<V1ContainerPort> ports = containers[i].Ports.OrEmpty();
            for (int j = 0; j < ports.Count; j++)
            {
                V1ContainerPort port = ports[j];
                FieldPath hostPortPath = path.Index(first + i).Child("ports").Index(j).Child("hostPort");
                if (hostNetwork && port.HostPort.GetValueOrDefault() != port.ContainerPort)
                {
                    errors.Invalid(
                        hostPortPath,
                        port.HostPort.GetValueOrDefault(),
                        "must match `containerPort` when `hostNetwork` is true");
                }

                string place = string.Create(
                    CultureInfo.InvariantCulture, $"{port.Protocol}/{port.HostIP}/{port.HostPort}");
                if (port.HostPort is > 0 && !taken.Add(place))
                {
                    errors.Duplicate(hostPortPath, place);
                }
            }
        }
    }
}
