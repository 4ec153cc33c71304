using System.Net;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>What Services say of clients outside the cluster, which depends on their type (pkg/apis/core/validation).</summary>
internal static class ServiceReach
{
    private const string BalancersOnly = "may only be used when `type` is 'LoadBalancer'";
    private const int KubeletPort = 10250;

    private static readonly FieldPath Spec = new("spec");

    /// <summary>Fields that a type has; of another type they go with the type, unless they have been changed.</summary>
    private static readonly (string Field, Func<JsonObject, bool> Has)[] Fields =
    [
        ("externalTrafficPolicy", IsReachable),
        ("allocateLoadBalancerNodePorts", IsBalancer),
        ("loadBalancerClass", IsBalancer),
        ("healthCheckNodePort", ChecksHealth),
    ];

    /// <summary>Whether clients outside the cluster reach it by more than its own address.</summary>
    public static bool IsReachable(JsonObject spec) => spec.Text("type") is "NodePort" or "LoadBalancer"
        || (spec.Text("type") == "ClusterIP" && spec.Texts("externalIPs").Any());

    /// <summary>Whether nodes say by a port of their own whether they have endpoints.</summary>
    public static bool ChecksHealth(JsonObject spec) => IsBalancer(spec) && spec.Text("externalTrafficPolicy") == "Local";

    /// <summary>Drops what the type that the Service had had, and that it has now has not.</summary>
    public static void Drop(JsonObject spec, JsonObject old)
    {
        foreach ((string field, Func<JsonObject, bool> has) in Fields)
        {
            if (has(old) && !has(spec) && JsonNode.DeepEquals(spec[field], old[field]))
            {
                spec.Remove(field);
            }
        }
    }

    public static void Validate(JsonObject spec, FieldErrors errors)
    {
        string type = spec.Text("type") ?? "";
        Ports(spec, type, errors);
        int index = 0;
        foreach (string text in spec.Texts("externalIPs"))
        {
            IPAddress? address = NetworkNames.Address(text);
            errors.Invalid(
                Spec.Child("externalIPs").Index(index++),
                text,
                address is null ? [NetworkNames.AddressMessage] : NetworkNames.NotReachable(address));
        }

        Balancer(spec, type, errors);
        Policy(spec, errors);
    }

    private static bool IsBalancer(JsonObject spec) => spec.Text("type") == "LoadBalancer";

    private static void Ports(JsonObject spec, string type, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject port in spec.Objects("ports"))
        {
            FieldPath path = Spec.Child("ports").Index(index++);
            if (type == "ClusterIP" && port.Integer("nodePort") is not (null or 0))
            {
                errors.Forbidden(path.Child("nodePort"), "may not be used when `type` is 'ClusterIP'");
            }

            if (type == "LoadBalancer" && port.Integer("port") == KubeletPort)
            {
                errors.Invalid(path, KubeletPort, $"may not expose port {KubeletPort} externally since it is used by kubelet");
            }
        }
    }

    private static void Balancer(JsonObject spec, string type, FieldErrors errors)
    {
        FieldPath ranges = Spec.Child("LoadBalancerSourceRanges"); // upstream's path
        string[] sources = [.. spec.Texts("loadBalancerSourceRanges")];
        if (sources.Length > 0 && type != "LoadBalancer")
        {
            errors.Forbidden(ranges, BalancersOnly);
        }

        for (int i = 0; i < sources.Length; i++)
        {
            NetworkNames.Prefix(sources[i].Trim(), ranges.Index(i), errors);
        }

        foreach (string field in (ReadOnlySpan<string>)["allocateLoadBalancerNodePorts", "loadBalancerClass"])
        {
            if (spec[field] is not null && type != "LoadBalancer")
            {
                errors.Forbidden(Spec.Child(field), BalancersOnly);
            }
        }

        if (spec.Text("loadBalancerClass") is { } name)
        {
            errors.Invalid(Spec.Child("loadBalancerClass"), name, NameRules.QualifiedName(name));
        }
    }

    private static void Policy(JsonObject spec, FieldErrors errors)
    {
        if (spec.Text("externalTrafficPolicy") is { Length: > 0 } policy && !IsReachable(spec))
        {
            errors.Invalid(Spec.Child("externalTrafficPolicy"), policy, "may only be set for externally-accessible services");
        }

        if (spec.Integer("healthCheckNodePort") is { } port and not 0 && !ChecksHealth(spec))
        {
            errors.Invalid(
                Spec.Child("healthCheckNodePort"),
                port,
                "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        }
    }
}
