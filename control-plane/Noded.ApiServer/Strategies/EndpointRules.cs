using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for EndpointSlices and Endpoints (pkg/apis/discovery/validation, pkg/apis/core/validation).</summary>
internal static class EndpointRules
{
    private const int MostEndpoints = 1000;
    private const int MostAddresses = 100;
    private const int MostPorts = 20_000;
    private const int MostTopologyLabels = 16;
    private const int MostZoneHints = 8;

    private static readonly FieldPath EndpointsPath = new("endpoints");
    private static readonly FieldPath PortsPath = new("ports");

    public static void ValidateSlice(JsonObject slice, FieldErrors errors)
    {
        string type = slice.Text("addressType") ?? "";
        errors.RequireOneOf(new FieldPath("addressType"), type, "FQDN", "IPv4", "IPv6");
        JsonObject[] endpoints = [.. slice.Objects("endpoints")];
        if (endpoints.Length > MostEndpoints)
        {
            errors.TooMany(EndpointsPath, endpoints.Length, MostEndpoints);
        }
        else
        {
            for (int i = 0; i < endpoints.Length; i++)
            {
                Endpoint(endpoints[i], type, EndpointsPath.Index(i), errors);
            }
        }

        SlicePorts([.. slice.Objects("ports")], errors);
    }

    public static void ValidateEndpoints(JsonObject endpoints, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject subset in endpoints.Objects("subsets"))
        {
            Subset(subset, new FieldPath("subsets").Index(index++), errors);
        }
    }

    private static void Endpoint(JsonObject endpoint, string type, FieldPath path, FieldErrors errors)
    {
        FieldPath addressesPath = path.Child("addresses");
        string[] addresses = [.. endpoint.Texts("addresses")];
        if (addresses.Length == 0)
        {
            errors.Required(addressesPath, "must contain at least 1 address");
        }
        else if (addresses.Length > MostAddresses)
        {
            errors.TooMany(addressesPath, addresses.Length, MostAddresses);
        }

        for (int i = 0; i < addresses.Length; i++)
        {
            Address(addresses[i], type, addressesPath.Index(i), errors);
        }

        if (endpoint.Text("hostname") is { } host)
        {
            errors.Invalid(path.Child("hostname"), host, NameRules.Dns1123Label(host));
        }

        if (endpoint.Text("nodeName") is { } node)
        {
            errors.Invalid(path.Child("nodeName"), node, NameRules.Dns1123Subdomain(node));
        }

        Topology(endpoint, path, errors);
    }

    private static void Topology(JsonObject endpoint, FieldPath path, FieldErrors errors)
    {
        FieldPath topology = path.Child("deprecatedTopology");
        JsonObject labels = endpoint.Object("deprecatedTopology") ?? [];
        if (labels.Count > MostTopologyLabels)
        {
            errors.TooMany(topology, labels.Count, MostTopologyLabels);
        }

        MetadataRules.Labels(labels, topology, errors);
        FieldPath zones = path.Child("hints").Child("forZones");
        JsonObject[] hints = [.. endpoint.Object("hints").Objects("forZones")];
        if (hints.Length > MostZoneHints)
        {
            errors.TooMany(zones, hints.Length, MostZoneHints);
            return;
        }

        HashSet<string> seen = [];
        for (int i = 0; i < hints.Length; i++)
        {
            string zone = hints[i].Text("name") ?? "";
            if (!seen.Add(zone))
            {
                errors.Duplicate(zones.Index(i).Child("name"), zone);
            }
            else
            {
                errors.Invalid(zones.Index(i).Child("name"), zone, NameRules.QualifiedName(zone));
            }
        }
    }

    private static void Address(string text, string type, FieldPath path, FieldErrors errors)
    {
        switch (type)
        {
            case "IPv4" or "IPv6":
                AddressFamily family = type == "IPv4" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
                IPAddress? address = NetworkNames.Address(text);
                if (address?.AddressFamily != family)
                {
                    errors.Invalid(path, text, $"must be a valid {type} address");
                }

                if (address is not null)
                {
                    errors.Invalid(path, text, NetworkNames.NotReachable(address));
                }

                break;
            case "FQDN":
                NetworkNames.FullDomain(text, path, errors);
                break;
            default:
                break;
        }
    }

    private static void SlicePorts(JsonObject[] ports, FieldErrors errors)
    {
        if (ports.Length > MostPorts)
        {
            errors.TooMany(PortsPath, ports.Length, MostPorts);
            return;
        }

        HashSet<string> names = [];
        for (int i = 0; i < ports.Length; i++)
        {
            FieldPath path = PortsPath.Index(i);
            string name = ports[i].Text("name") ?? "";
            errors.AllowName(path.Child("name"), name, NameRules.Dns1123Label);
            if (!names.Add(name))
            {
                errors.Duplicate(path.Child("name"), name);
            }

            NetworkNames.Port(ports[i].Integer("port"), path.Child("port"), errors);
            AppProtocol(ports[i], path, errors);
        }
    }

    private static void AppProtocol(JsonObject port, FieldPath path, FieldErrors errors)
    {
        if (port.Text("appProtocol") is { } protocol)
        {
            errors.Invalid(path.Child("appProtocol"), protocol, NameRules.QualifiedName(protocol));
        }
    }

    private static void Subset(JsonObject subset, FieldPath path, FieldErrors errors)
    {
        JsonObject[] ready = [.. subset.Objects("addresses")];
        JsonObject[] others = [.. subset.Objects("notReadyAddresses")];
        if (ready.Length == 0 && others.Length == 0)
        {
            errors.Required(path, "must specify `addresses` or `notReadyAddresses`");
        }

        SubsetAddresses(ready, path.Child("addresses"), errors);
        SubsetAddresses(others, path.Child("notReadyAddresses"), errors);
        JsonObject[] ports = [.. subset.Objects("ports")];
        for (int i = 0; i < ports.Length; i++)
        {
            FieldPath at = path.Child("ports").Index(i);
            string name = ports[i].Text("name") ?? "";
            if (name.Length == 0 && ports.Length > 1)
            {
                errors.Required(at.Child("name"));
            }

            errors.AllowName(at.Child("name"), name, NameRules.Dns1123Label);
            NetworkNames.Port(ports[i].Integer("port") ?? 0, at.Child("port"), errors);
            AppProtocol(ports[i], at, errors);
        }
    }

    private static void SubsetAddresses(JsonObject[] addresses, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < addresses.Length; i++)
        {
            FieldPath at = path.Index(i);
            string text = addresses[i].Text("ip") ?? "";
            IPAddress? address = NetworkNames.Address(text);
            errors.Invalid(at.Child("ip"), text, address is null ? [NetworkNames.AddressMessage] : NetworkNames.NotReachable(address));
            errors.AllowName(at.Child("hostname"), addresses[i].Text("hostname"), NameRules.Dns1123Label);
            if (addresses[i].Text("nodeName") is { } node)
            {
                errors.Invalid(at.Child("nodeName"), node, NameRules.Dns1123Subdomain(node));
            }
        }
    }
}
