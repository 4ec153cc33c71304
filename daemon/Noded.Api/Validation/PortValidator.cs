using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>The ports of one container.</summary>
internal static class PortValidator
{
    internal const string RangeMessage = "must be between 1 and 65535, inclusive";

    public static void Validate(IList<V1ContainerPort> ports, FieldPath path, FieldErrors errors)
    {
        HashSet<string> names = [];
        for (int i = 0; i < ports.Count; i++)
        {
            Validate(ports[i], path.Index(i), names, errors);
        }
    }

    /// <summary>A port given by number or by the name of a container's port.</summary>
    public static void NumberOrName(IntOrString? port, FieldPath path, FieldErrors errors)
    {
        string text = port?.Value ?? "0";
        if (long.TryParse(text, out long number))
        {
            if (number is < 1 or > 65535)
            {
                errors.Invalid(path, number, RangeMessage);
            }
        }
        else
        {
            errors.Invalid(path, text, NameRules.PortName(text));
        }
    }

    private static void Validate(V1ContainerPort port, FieldPath path, HashSet<string> names, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(port.Name))
        {
            int before = errors.Count;
            errors.Invalid(path.Child("name"), port.Name, NameRules.PortName(port.Name));
            if (errors.Count == before && !names.Add(port.Name))
            {
                errors.Duplicate(path.Child("name"), port.Name);
            }
        }

        if (port.ContainerPort == 0)
        {
            errors.Required(path.Child("containerPort"));
        }
        else
        {
            errors.InRange(path.Child("containerPort"), port.ContainerPort, 1, 65535);
        }

        if (port.HostPort is not (null or 0))
        {
            errors.InRange(path.Child("hostPort"), port.HostPort, 1, 65535);
        }

        errors.RequireOneOf(path.Child("protocol"), port.Protocol, "TCP", "UDP", "SCTP");
        if (!string.IsNullOrEmpty(port.HostIP))
        {
            AddressRules.Validate(port.HostIP, path.Child("hostIP"), errors);
        }
    }
}
