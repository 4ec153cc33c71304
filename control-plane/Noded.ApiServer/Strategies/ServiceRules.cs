using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for Services.</summary>
internal static partial class ServiceRules
{
    private const string NameMessage =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
        + "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
        + "'[a-z]([-a-z0-9]*[a-z0-9])?')";

    private const int LongestAffinity = 86400;

    private static readonly FieldPath Spec = new("spec");

    public static IEnumerable<string> NameErrors(string name)
    {
        if (name.Length > 63)
        {
            yield return "must be no more than 63 bytes";
        }

        if (!Dns1035Label.IsMatch(name))
        {
            yield return NameMessage;
        }
    }

    public static void Validate(JsonObject spec, FieldErrors errors)
    {
        string type = spec.Text("type") ?? "";
        string address = spec.Text("clusterIP") ?? "";
        bool isHeadless = address == "None";
        if (type == "ExternalName")
        {
            ExternalName(spec, errors);
        }
        else if (address.Length > 0 && !isHeadless && !IPAddress.TryParse(address, out _))
        {
            errors.Invalid(
                Spec.Child("clusterIPs").Index(0), address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }
        else if (isHeadless && type != "ClusterIP")
        {
            errors.Invalid(Spec.Child("clusterIPs").Index(0), "None", $"may not be set to 'None' for {type} services");
        }

        JsonObject[] ports = [.. spec.Objects("ports")];
        if (ports.Length == 0 && !isHeadless && type != "ExternalName")
        {
            errors.Required(Spec.Child("ports"));
        }

        Ports(ports, errors);
        MetadataRules.Labels(spec.Object("selector"), Spec.Child("selector"), errors);
        Affinity(spec, errors);
        ServiceReach.Validate(spec, errors);
    }

    private static void ExternalName(JsonObject spec, FieldErrors errors)
    {
        string name = spec.Text("externalName") ?? "";
        string bare = name.EndsWith('.') ? name[..^1] : name;
        if (bare.Length == 0)
        {
            errors.Required(Spec.Child("externalName"));
        }
        else
        {
            errors.Invalid(Spec.Child("externalName"), bare, NameRules.Dns1123Subdomain(bare));
        }

        foreach (string field in (ReadOnlySpan<string>)["clusterIPs", "ipFamilies", "ipFamilyPolicy"])
        {
            if (spec[field] is JsonArray { Count: > 0 } or JsonValue)
            {
                errors.Forbidden(Spec.Child(field), "may not be set for ExternalName services");
            }
        }
    }

    private static void Affinity(JsonObject spec, FieldErrors errors)
    {
        FieldPath path = Spec.Child("sessionAffinityConfig");
        JsonObject? config = spec.Object("sessionAffinityConfig");
        if (spec.Text("sessionAffinity") != "ClientIP")
        {
            if (config is not null)
            {
                errors.Forbidden(path, "must not be set when session affinity is None");
            }

            return;
        }

        if (config.Object("clientIP").Integer("timeoutSeconds") is { } seconds and (<= 0 or > LongestAffinity))
        {
            errors.Invalid(
                path.Child("clientIP").Child("timeoutSeconds"), seconds, $"must be greater than 0 and less than {LongestAffinity}");
        }
    }

    /// <summary>The object that says whose an address is.</summary>
    public static JsonObject AddressOf(JsonObject service, string address) => new()
    {
        ["apiVersion"] = "networking.k8s.io/v1",
        ["kind"] = "IPAddress",
        ["metadata"] = new JsonObject
        {
            ["name"] = address,
            ["uid"] = service.Uid(),
            ["creationTimestamp"] = service.Object("metadata").Text("creationTimestamp"),
            ["labels"] = new JsonObject
            {
                ["ipaddress.kubernetes.io/ip-family"] = address.Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4",
                ["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io",
            },
        },
        ["spec"] = new JsonObject
        {
            ["parentRef"] = new JsonObject
            {
                ["group"] = "",
                ["resource"] = "services",
                ["namespace"] = service.Namespace(),
                ["name"] = service.Name(),
            },
        },
    };

    private static void Ports(JsonObject[] ports, FieldErrors errors)
    {
        HashSet<string> names = [];
        HashSet<string> pairs = [];
        for (int i = 0; i < ports.Length; i++)
        {
            FieldPath path = Spec.Child("ports").Index(i);
            string name = ports[i].Text("name") ?? "";
            if (name.Length == 0 && ports.Length > 1)
            {
                errors.Required(path.Child("name"));
            }
            else if (name.Length > 0)
            {
                errors.Invalid(path.Child("name"), name, NameRules.Dns1123Label(name));
                if (!names.Add(name))
                {
                    errors.Duplicate(path.Child("name"), name);
                }
            }

            errors.InRange(path.Child("port"), ports[i].Integer("port") ?? 0, 1, 65535);
            if (ports[i]["targetPort"].AsInteger() is { } target)
            {
                errors.InRange(path.Child("targetPort"), target, 1, 65535);
            }
            else if (ports[i]["targetPort"].AsText() is { } targetName)
            {
                errors.Invalid(path.Child("targetPort"), targetName, NameRules.PortName(targetName));
            }

            if (!pairs.Add($"{ports[i].Text("protocol")}/{ports[i].Integer("port")}"))
            {
                errors.Refuse(path, $"Duplicate value: {ports[i].ToJsonString()}");
            }
        }
    }

    [GeneratedRegex(@"\A[a-z]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Dns1035Label { get; }
}

/// <summary>The node ports of Services that change.</summary>
internal static class ServicePorts
{
    /// <summary>Ports that are as they were keep their node port; without node ports, they lose it.</summary>
    public static void Keep(JsonObject spec, JsonObject oldSpec, bool hasNodePorts)
    {
        foreach (JsonObject port in spec.Objects("ports"))
        {
            JsonObject? before = oldSpec.Objects("ports").FirstOrDefault(candidate =>
                candidate.Integer("port") == port.Integer("port") && candidate.Text("protocol") == port.Text("protocol"));
            if (!hasNodePorts)
            {
                if (port.Integer("nodePort") == before.Integer("nodePort"))
                {
                    port.Remove("nodePort");
                }
            }
            else if (port.Integer("nodePort") is null or 0 && before.Integer("nodePort") is { } kept and > 0)
            {
                port["nodePort"] = kept;
            }
        }
    }
}
