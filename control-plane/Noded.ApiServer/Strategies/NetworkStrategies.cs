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

    public override void Validate(JsonObject document, FieldErrors errors) => EndpointRules.ValidateSlice(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Validate(document, errors);
        errors.Immutable(new FieldPath("addressType"), document["addressType"], old["addressType"]);
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
        IngressRules.Validate(document, errors);
        IngressRules.ValidateClass(document, errors);
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        IngressRules.Validate(document, errors);
}

/// <summary>IngressClasses.</summary>
internal sealed class IngressClassStrategy : Strategy
{
    public override bool TracksGeneration => true;

    public override TableColumns Columns { get; } = Of(
        Text("Controller", d => TextAt(d, "spec", "controller")),
        Text("Parameters", d => d.At("spec", "parameters") is { } p ? $"{p.Text("kind")}.{p.Text("apiGroup")}/{p.Text("name")}" : Cells.None));

    public override void ApplyDefaults(JsonObject document) =>
        document.ObjectOrNew("spec").Object("parameters")?.Default("scope", "Cluster");

    public override void Validate(JsonObject document, FieldErrors errors) =>
        IngressRules.ValidateIngressClass(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        IngressRules.ValidateIngressClassUpdate(document, old, errors);
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

    public override void Validate(JsonObject document, FieldErrors errors) => NetworkPolicyRules.Validate(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) => Validate(document, errors);
}

/// <summary>ServiceCIDRs.</summary>
internal sealed class ServiceCidrStrategy : Strategy
{
    public override TableColumns Columns { get; } = Of(Text("CIDRs", d => Cells.Join(d["spec"].Texts("cidrs"))));

    public override void Validate(JsonObject document, FieldErrors errors) => ServiceAddressRules.ValidateRange(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        ServiceAddressRules.ValidateRangeUpdate(document, old, errors);
}

/// <summary>IPAddresses, each of which is named after itself.</summary>
internal sealed class IpAddressStrategy : Strategy
{
    public override TableColumns Columns { get; } = Of(Text("ParentRef", d =>
        $"{d.At("spec", "parentRef").Text("resource")}/{d.At("spec", "parentRef").Text("namespace")}/{d.At("spec", "parentRef").Text("name")}"));

    public override IEnumerable<string> NameErrors(string name) => ServiceAddressRules.NameErrors(name);

    public override void Validate(JsonObject document, FieldErrors errors) => ServiceAddressRules.ValidateAddress(document, errors);

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        errors.Immutable(new FieldPath("spec.parentRef"), document.At("spec", "parentRef"), old.At("spec", "parentRef"));
}
