using System.CommandLine;
using System.Globalization;
using Noded.Protocols.Operator.V1;
using Spectre.Console;

namespace Noded.Commands;

/// <summary><c>noded services</c>: Services as this node translates them.</summary>
internal static class ServicesCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<string> output = CommonOptions.Output();
        Argument<string> service = new("service")
        {
            Description = "namespace/name, or a name in default; all Services when left out",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Command command = new("services", "Show Services, their endpoints and how often each was chosen") { root, output, service, CreateExplain() };
        command.SetAction((parsed, cancellationToken) => OperatorConnection.CallAsync(parsed.Paths(root), async client =>
        {
            ServicesResponse response = await client.ServicesAsync(
                new ServicesRequest { Service = parsed.GetValue(service) ?? string.Empty }, cancellationToken: cancellationToken);
            if (parsed.GetRequiredValue(output) == "json")
            {
                WriteJson(response);
            }
            else
            {
                WriteTable(response);
            }
        }));
        return command;
    }

    private static Command CreateExplain()
    {
        Option<string> root = CommonOptions.Root();
        Option<string> protocol = new("--protocol") { Description = "tcp, udp or sctp", DefaultValueFactory = _ => "tcp" };
        protocol.AcceptOnlyFromAmong("tcp", "udp", "sctp");
        Argument<string> target = new("target") { Description = "Address and port, such as 10.96.0.10:53 or [fd00::a]:53" };
        Command explain = new("explain", "Say what becomes of a connection to an address") { root, protocol, target };
        explain.SetAction((parsed, cancellationToken) => OperatorConnection.CallAsync(parsed.Paths(root), async client =>
        {
            ExplainServiceResponse response = await client.ExplainServiceAsync(
                new ExplainServiceRequest
                {
                    Target = parsed.GetRequiredValue(target),
                    Protocol = parsed.GetRequiredValue(protocol),
                },
                cancellationToken: cancellationToken);
            foreach (string line in response.Lines)
            {
                Console.WriteLine(line);
            }
        }));
        return explain;
    }

    /// <summary>A line for each endpoint; what all of a port's share is on the first.</summary>
    private static void WriteTable(ServicesResponse response)
    {
        Table table = Screen.NewTable("NAMESPACE", "NAME", "PORT", "PROTOCOL", "ADDRESSES", "ENDPOINT", "CHOSEN");
        foreach (ServicePort port in response.Ports)
        {
            string[] head =
                [port.Namespace, port.Name, port.Port.Length == 0 ? "<unset>" : port.Port, port.Protocol, string.Join(',', port.Addresses)];
            if (port.Endpoints.Count == 0)
            {
                table.AddTextRow([.. head, "<none>", ""]);
            }

            foreach (ServiceEndpoint endpoint in port.Endpoints)
            {
                table.AddTextRow([.. head, endpoint.Address, endpoint.Connections.ToString(CultureInfo.InvariantCulture)]);
                head = ["", "", "", "", ""];
            }
        }

        Screen.Write(table);
    }

    private static void WriteJson(ServicesResponse response) => JsonOutput.Write(json =>
    {
        json.WriteStartArray();
        foreach (ServicePort port in response.Ports)
        {
            json.WriteStartObject();
            json.WriteString("namespace", port.Namespace);
            json.WriteString("name", port.Name);
            json.WriteString("port", port.Port);
            json.WriteString("protocol", port.Protocol);
            json.WriteString("family", port.Family);
            json.WriteStartArray("addresses");
            foreach (string address in port.Addresses)
            {
                json.WriteStringValue(address);
            }

            json.WriteEndArray();
            json.WriteStartArray("endpoints");
            foreach (ServiceEndpoint endpoint in port.Endpoints)
            {
                json.WriteStartObject();
                json.WriteString("address", endpoint.Address);
                json.WriteNumber("chosen", endpoint.Connections);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
