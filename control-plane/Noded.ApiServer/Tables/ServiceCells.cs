using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Tables;

/// <summary>What tables show of Services (pkg/printers).</summary>
internal static class ServiceCells
{
    public static string ExternalAddress(JsonObject service)
    {
        JsonNode? spec = service["spec"];
        IEnumerable<string> external = spec.Texts("externalIPs");
        IEnumerable<string> balancer = service.At("status", "loadBalancer").Objects("ingress")
            .Select(ingress => ingress.Text("ip") ?? ingress.Text("hostname")).OfType<string>();
        return spec.Text("type") switch
        {
            "ExternalName" => spec.Text("externalName") ?? "",
            "LoadBalancer" => Cells.Join(balancer.Concat(external), "<pending>"),
            _ => Cells.Join(external),
        };
    }

    public static string Ports(JsonObject service) => Cells.Join(service["spec"].Objects("ports").Select(port =>
        port.Integer("nodePort") is { } nodePort and > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{port.Integer("port")}:{nodePort}/{port.Text("protocol")}")
            : string.Create(CultureInfo.InvariantCulture, $"{port.Integer("port")}/{port.Text("protocol")}")));
}
