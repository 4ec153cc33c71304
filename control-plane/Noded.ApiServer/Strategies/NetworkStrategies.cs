using System.Globalization;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Tables;

using static Noded.ApiServer.Tables.TableColumns;

namespace Noded.ApiServer.Strategies;

/// <summary>EndpointSlices.</summary>
internal sealed class EndpointSliceStrategy : Strategy
{
    public override bool TracksGeneration => true;

    public override TableColumns Columns { get; } = Of(
        Text("AddressType", d => d.Text("addressType")),
        Text("Ports", d => Cells.Join(d.Objects("ports").Select(port => port.Integer("port")?.ToString(CultureInfo.InvariantCulture) ?? "*"), Cells.Unset)),
        Text("Endpoints", d => Addresses(d)));

    public override void ApplyDefaults(JsonObject document)
    {
        foreach (JsonObject port in document.Objects("ports"))
        {
            port.TryAdd("name", "");
            port.Default("protocol", "TCP");
        }
    }

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject endpoint in document.Objects("endpoints"))
        {
            FieldPath path = new FieldPath("endpoints").Index(index++).Child("addresses");
            string[] addresses = [.. endpoint.Texts("addresses")];
            if (addresses.Length == 0)
            {
                errors.Required(path, "must contain at least 1 address");
            }
            else if (addresses.Length > 100)
            {
                errors.TooMany(path, addresses.Length, 100);
            }
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Validate(document, errors);
        if (document.Text("addressType") != old.Text("addressType"))
        {
            errors.Invalid(new FieldPath("addressType"), document.Text("addressType"), "field is immutable");
        }
    }

    private static string Addresses(JsonObject slice)
    {
        string[] all = [.. slice.Objects("endpoints").SelectMany(endpoint => endpoint.Texts("addresses"))];
        return all.Length == 0 ? Cells.Unset : EndpointsStrategy.Shorten(all);
    }
}

/// <summary>Ingresses.</summary>
internal sealed class IngressStrategy : Strategy
{
    public override bool TracksGeneration => true;

    public override TableColumns Columns { get; } = Of(
        Text("Class", d => TextAt(d, "spec", "ingressClassName") ?? Cells.None),
        Text("Hosts", d => Cells.Join(d["spec"].Objects("rules").Select(rule => rule.Text("host") ?? "*").Distinct(), "*")),
        Text("Address", d => Cells.Join(d.At("status", "loadBalancer").Objects("ingress").Select(i => i.Text("ip") ?? i.Text("hostname") ?? ""), "")),
        Text("Ports", d => d["spec"].Objects("tls").Any() ? "80, 443" : "80"));

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        FieldPath path = new("spec");
        JsonObject spec = document.ObjectOrNew("spec");
        if (!spec.Objects("rules").Any() && spec.Object("defaultBackend") is null)
        {
            errors.Refuse(path, "Invalid value: {}: either `defaultBackend` or `rules` must be specified");
        }

        int index = 0;
        foreach (JsonObject rule in spec.Objects("rules"))
        {
            FieldPath paths = path.Child("rules").Index(index++).Child("http").Child("paths");
            int inner = 0;
            foreach (JsonObject item in rule.Object("http").Objects("paths"))
            {
                FieldPath at = paths.Index(inner++);
                errors.RequireOneOf(at.Child("pathType"), item.Text("pathType"), "Exact", "ImplementationSpecific", "Prefix");
                bool needsSlash = item.Text("pathType") is "Exact" or "Prefix";
                if (needsSlash && item.Text("path")?.StartsWith('/') != true)
                {
                    errors.Invalid(at.Child("path"), item.Text("path"), "must be an absolute path");
                }
            }
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) => Validate(document, errors);
}

/// <summary>NetworkPolicies.</summary>
internal sealed class NetworkPolicyStrategy : Strategy
{
    public override bool TracksGeneration => true;

    public override TableColumns Columns { get; } = Of(
        Text("Pod-Selector", d => Cells.Selector(d["spec"].Object("podSelector"))));

    public override void ApplyDefaults(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        spec.ObjectOrNew("podSelector");
        if (spec.Array("policyTypes") is null or { Count: 0 })
        {
            spec["policyTypes"] = spec.Objects("egress").Any() ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }

        foreach (JsonObject port in spec.Objects("ingress").Concat(spec.Objects("egress")).SelectMany(rule => rule.Objects("ports")))
        {
            port.Default("protocol", "TCP");
        }
    }
}

/// <summary>ServiceCIDRs.</summary>
internal sealed class ServiceCidrStrategy : Strategy
{
    public override TableColumns Columns { get; } = Of(Text("CIDRs", d => Cells.Join(d["spec"].Texts("cidrs"))));

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(document["spec"], old["spec"]))
        {
            errors.Refuse(new FieldPath("spec"), "Invalid value: field is immutable");
        }
    }
}
