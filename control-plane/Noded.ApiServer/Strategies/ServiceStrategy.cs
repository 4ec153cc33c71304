using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Tables;

using static Noded.ApiServer.Tables.TableColumns;

namespace Noded.ApiServer.Strategies;

/// <summary>Services, which hold an address and ports of the nodes as long as they live.</summary>
internal sealed class ServiceStrategy(ServiceNetwork network) : Strategy
{
    internal const string AddressKeys = "/registry/networking.k8s.io/ipaddresses/";
    private const string NodePortKeys = "/registry/noded/nodeports/";
    private const string Headless = "None";

    private static readonly FieldPath Spec = new("spec");

    public override FrozenDictionary<string, Func<JsonObject, string>> SelectableFields { get; } = Fields(
        ("spec.clusterIP", d => TextAt(d, "spec", "clusterIP")), ("spec.type", d => TextAt(d, "spec", "type")));

    public override TableColumns Columns { get; } = Of(
        Text("Type", d => TextAt(d, "spec", "type")),
        Text("Cluster-IP", d => TextAt(d, "spec", "clusterIP") is { Length: > 0 } address ? address : Cells.None),
        Text("External-IP", ServiceCells.ExternalAddress),
        Text("Port(s)", ServiceCells.Ports),
        Text("Selector", d => Cells.Labels(d.Object("spec").Object("selector")), isWide: true));

    public override IEnumerable<string> NameErrors(string name) => ServiceRules.NameErrors(name);

    public override void ApplyDefaults(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        spec.Default("sessionAffinity", "None");
        spec.Default("type", "ClusterIP");
        string type = spec.Text("type") ?? "";
        if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.ObjectOrNew("sessionAffinityConfig").ObjectOrNew("clientIP").Default("timeoutSeconds", 10800L);
        }
        else
        {
            spec.Remove("sessionAffinityConfig");
        }

        foreach (JsonObject port in spec.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (port["targetPort"] is null || port["targetPort"].AsInteger() == 0 || port["targetPort"].AsText() is "")
            {
                port["targetPort"] = port["port"]?.DeepClone();
            }
        }

        if (ServiceReach.IsReachable(spec))
        {
            spec.Default("externalTrafficPolicy", "Cluster");
        }

        if (type != "ExternalName")
        {
            spec.Default("internalTrafficPolicy", "Cluster");
            spec.Default("ipFamilies", new JsonArray("IPv4"));
            spec.Default("ipFamilyPolicy", "SingleStack");
        }

        if (type == "LoadBalancer")
        {
            spec.Default("allocateLoadBalancerNodePorts", JsonValue.Create(true));
        }
    }

    public override void PrepareForCreate(JsonObject document)
    {
        document["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        Unify(document.ObjectOrNew("spec"));
    }

    public override void PrepareForUpdate(JsonObject document, JsonObject old)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        JsonObject oldSpec = old.ObjectOrNew("spec");
        string type = spec.Text("type") ?? "";
        ServiceReach.Drop(spec, oldSpec);
        if (type == "ExternalName")
        {
            foreach (string name in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"])
            {
                if (JsonNode.DeepEquals(spec[name], oldSpec[name]))
                {
                    spec.Remove(name);
                }
            }

            ServicePorts.Keep(spec, oldSpec, hasNodePorts: false);
            return;
        }

        // Clients that do not know what was allocated leave it out, and mean to keep it.
        if (string.IsNullOrEmpty(spec.Text("clusterIP")) && !string.IsNullOrEmpty(oldSpec.Text("clusterIP")))
        {
            ObjectPreparation.Copy(spec, oldSpec, "clusterIP");
            ObjectPreparation.Copy(spec, oldSpec, "clusterIPs");
        }

        Unify(spec);
        ServicePorts.Keep(spec, oldSpec, type is "NodePort" or "LoadBalancer");
        if (ServiceReach.ChecksHealth(spec) && spec["healthCheckNodePort"] is null)
        {
            ObjectPreparation.Copy(spec, oldSpec, "healthCheckNodePort");
        }
    }

    public override bool Allocates => true;

    public override void Allocate(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        string type = spec.Text("type") ?? "";
        if (type != "ExternalName" && string.IsNullOrEmpty(spec.Text("clusterIP")))
        {
            spec["clusterIP"] = network.Random().ToString();
            Unify(spec);
        }

        if (type == "NodePort" || (type == "LoadBalancer" && spec.Boolean("allocateLoadBalancerNodePorts") != false))
        {
            HashSet<long> taken = [.. spec.Objects("ports").Select(port => port.Integer("nodePort") ?? 0)];
            foreach (JsonObject port in spec.Objects("ports").Where(port => port.Integer("nodePort") is null or 0))
            {
                long chosen;
                do
                {
                    chosen = network.RandomNodePort();
                }
                while (!taken.Add(chosen));

                port["nodePort"] = chosen;
            }
        }

        if (ServiceReach.ChecksHealth(spec) && spec.Integer("healthCheckNodePort") is null or 0)
        {
            spec["healthCheckNodePort"] = network.RandomNodePort();
        }
    }

    public override IReadOnlyDictionary<string, byte[]> Claims(JsonObject document)
    {
        Dictionary<string, byte[]> claims = new(StringComparer.Ordinal);
        JsonObject? spec = document.Object("spec");
        string type = spec.Text("type") ?? "";
        if (type != "ExternalName" && spec.Text("clusterIP") is { Length: > 0 } address && address != Headless)
        {
            claims[AddressKeys + address] = ServiceRules.AddressOf(document, address).ToUtf8();
        }

        if (type is "NodePort" or "LoadBalancer")
        {
            IEnumerable<(string? Protocol, long? Number)> ports = spec.Objects("ports")
                .Select(port => (port.Text("protocol"), port.Integer("nodePort")))
                .Append(("TCP", spec.Integer("healthCheckNodePort")));
            foreach ((string? protocol, long? number) in ports.Where(port => port.Number > 0))
            {
                claims[$"{NodePortKeys}{protocol}/{number}"] =
                    System.Text.Encoding.UTF8.GetBytes($"\"{document.Namespace()}/{document.Name()}\"");
            }
        }

        return claims;
    }

    public override void ExplainClaim(JsonObject document, string key, FieldErrors errors)
    {
        string value = key[(key.LastIndexOf('/') + 1)..];
        if (key.StartsWith(AddressKeys, StringComparison.Ordinal))
        {
            errors.Refuse(
                Spec.Child("clusterIPs"),
                $"Invalid value: [\"{value}\"]: failed to allocate IP {value}: provided IP is already allocated");
            return;
        }

        JsonObject[] ports = [.. document.Object("spec").Objects("ports")];
        long number = long.Parse(value, CultureInfo.InvariantCulture);
        int index = Array.FindIndex(ports, port => port.Integer("nodePort") == number);
        errors.Invalid(
            index < 0 ? Spec.Child("healthCheckNodePort") : Spec.Child("ports").Index(index).Child("nodePort"),
            number,
            "provided port is already allocated");
    }

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        ServiceRules.Validate(document.ObjectOrNew("spec"), errors);
        string? address = document.Object("spec").Text("clusterIP");
        if (IPAddress.TryParse(address, out IPAddress? parsed) && !network.Contains(parsed))
        {
            errors.Refuse(
                Spec.Child("clusterIPs"),
                $"Invalid value: [\"{address}\"]: failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. The range of valid IPs is {network.Prefix}");
        }

        int index = 0;
        foreach (JsonObject port in document.Object("spec").Objects("ports"))
        {
            FieldPath path = Spec.Child("ports").Index(index++).Child("nodePort");
            if (port.Integer("nodePort") is { } number and > 0 && (number < network.FirstNodePort || number > network.LastNodePort))
            {
                errors.Invalid(
                    path,
                    number,
                    $"provided port is not in the valid range. The range of valid ports is {network.FirstNodePort}-{network.LastNodePort}");
            }
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Validate(document, errors);
        string before = old.Object("spec").Text("clusterIP") ?? "";
        string after = document.Object("spec").Text("clusterIP") ?? "";
        if (before.Length > 0 && after != before && document.Object("spec").Text("type") != "ExternalName")
        {
            errors.Refuse(Spec.Child("clusterIPs").Index(0), $"Invalid value: [\"{after}\"]: may not change once set");
        }

        bool changesCheck = ServiceReach.ChecksHealth(document.ObjectOrNew("spec")) && ServiceReach.ChecksHealth(old.ObjectOrNew("spec"));
        if (changesCheck && document.At("spec", "healthCheckNodePort").AsInteger() != old.At("spec", "healthCheckNodePort").AsInteger())
        {
            errors.Forbidden(Spec.Child("healthCheckNodePort"), "field is immutable");
        }
    }

    /// <summary>The older single address and the list of addresses say the same.</summary>
    private static void Unify(JsonObject spec)
    {
        if (spec.Text("clusterIP") is { Length: > 0 } address)
        {
            spec["clusterIPs"] = new JsonArray(address);
        }
        else if (spec.Texts("clusterIPs").FirstOrDefault() is { } first)
        {
            spec["clusterIP"] = first;
        }
    }
}
