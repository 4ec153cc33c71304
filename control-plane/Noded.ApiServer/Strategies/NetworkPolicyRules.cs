using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.Primitives;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for NetworkPolicies (pkg/apis/networking/validation).</summary>
internal static class NetworkPolicyRules
{
    private static readonly FieldPath Spec = new("spec");

    public static void Validate(JsonObject policy, FieldErrors errors)
    {
        JsonObject spec = policy.ObjectOrNew("spec");
        SelectorRules.Validate(spec.Object("podSelector"), Spec.Child("podSelector"), errors);
        foreach ((string direction, string peers) in (ReadOnlySpan<(string, string)>)[("ingress", "from"), ("egress", "to")])
        {
            int index = 0;
            foreach (JsonObject rule in spec.Objects(direction))
            {
                Rule(rule, peers, Spec.Child(direction).Index(index++), errors);
            }
        }

        FieldPath types = Spec.Child("policyTypes");
        string[] named = [.. spec.Texts("policyTypes")];
        if (named.Length > 2)
        {
            errors.InvalidPart(types, spec["policyTypes"], "may not specify more than two policyTypes");
            return;
        }

        for (int i = 0; i < named.Length; i++)
        {
            errors.OneOf(types.Index(i), named[i], "Egress", "Ingress");
        }
    }

    private static void Rule(JsonObject rule, string peers, FieldPath path, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject port in rule.Objects("ports"))
        {
            Port(port, path.Child("ports").Index(index++), errors);
        }

        index = 0;
        foreach (JsonObject peer in rule.Objects(peers))
        {
            Peer(peer, path.Child(peers).Index(index++), errors);
        }
    }

    private static void Port(JsonObject port, FieldPath path, FieldErrors errors)
    {
        FieldPath endPath = path.Child("endPort");
        long? end = port.Integer("endPort");
        if (port["port"].AsInteger() is { } number)
        {
            NetworkNames.Port(number, path.Child("port"), errors);
            if (end < number)
            {
                errors.Invalid(endPath, end.Value, "must be greater than or equal to `port`");
            }

            NetworkNames.Port(end, endPath, errors);
        }
        else if (port["port"].AsText() is { } name)
        {
            if (end is not null)
            {
                errors.Invalid(endPath, end.Value, "may not be specified when `port` is non-numeric");
            }

            errors.Invalid(path.Child("port"), name, NameRules.PortName(name));
        }
        else if (end is not null)
        {
            errors.Invalid(endPath, end.Value, "may not be specified when `port` is not specified");
        }
    }

    private static void Peer(JsonObject peer, FieldPath path, FieldErrors errors)
    {
        JsonObject? pods = peer.Object("podSelector");
        JsonObject? namespaces = peer.Object("namespaceSelector");
        JsonObject? block = peer.Object("ipBlock");
        SelectorRules.Validate(pods, path.Child("podSelector"), errors);
        SelectorRules.Validate(namespaces, path.Child("namespaceSelector"), errors);
        if (block is not null)
        {
            Block(block, path.Child("ipBlock"), errors);
        }

        if (pods is null && namespaces is null && block is null)
        {
            errors.Required(path, "must specify a peer");
        }
        else if (block is not null && (pods ?? namespaces) is not null)
        {
            errors.Forbidden(path, "may not specify both ipBlock and another peer");
        }
    }

    private static void Block(JsonObject block, FieldPath path, FieldErrors errors)
    {
        string cidr = block.Text("cidr") ?? "";
        if (cidr.Length == 0)
        {
            errors.Required(path.Child("cidr"));
            return;
        }

        NetworkNames.Prefix(cidr, path.Child("cidr"), errors);
        if (!IPPrefix.TryParse(cidr, out IPPrefix whole))
        {
            return;
        }

        int index = 0;
        foreach (string except in block.Texts("except"))
        {
            FieldPath at = path.Child("except").Index(index++);
            NetworkNames.Prefix(except, at, errors);
            if (IPPrefix.TryParse(except, out IPPrefix part)
                && (part.IsV6 != whole.IsV6 || !whole.Contains(part.Address) || whole.Length >= part.Length))
            {
                errors.Invalid(at, except, "must be a strict subset of `cidr`");
            }
        }
    }
}
