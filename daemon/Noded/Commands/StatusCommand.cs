using System.CommandLine;
using System.Text.Json;
using Noded.Protocols.Operator.V1;
using Spectre.Console;

namespace Noded.Commands;

/// <summary><c>noded status</c>: the node and its parts.</summary>
internal static class StatusCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<string> output = CommonOptions.Output();
        Command command = new("status", "Show the node, its parts and the manifests it refuses") { root, output };
        command.SetAction((parsed, cancellationToken) => OperatorConnection.CallAsync(parsed.Paths(root), async client =>
        {
            StatusResponse status = await client.StatusAsync(new StatusRequest(), cancellationToken: cancellationToken);
            if (parsed.GetRequiredValue(output) == "json")
            {
                JsonOutput.Write(json => WriteJson(json, status));
            }
            else
            {
                WriteTables(status);
            }
        }));
        return command;
    }

    private static void WriteTables(StatusResponse status)
    {
        Table node = Screen.NewTable("NODE", "VERSION", "ROOT", "AGE", "PODS");
        node.AddTextRow(
            status.Node, status.Version, status.Root, Screen.Age(status.StartedAt, TimeProvider.System),
            $"{status.PodsRunning}/{status.PodsTotal} running");
        Screen.Write(node);
        Console.WriteLine();

        Table components = Screen.NewTable("COMPONENT", "STATE", "MESSAGE");
        foreach (Component component in status.Components)
        {
            components.AddTextRow(component.Name, component.Healthy ? "healthy" : "failing", component.Message);
        }

        Screen.Write(components);
        if (status.ManifestErrors.Count > 0)
        {
            Console.WriteLine();
            Console.WriteLine("REFUSED MANIFESTS");
            foreach (string error in status.ManifestErrors)
            {
                Console.WriteLine(error);
            }
        }
    }

    private static void WriteJson(Utf8JsonWriter json, StatusResponse status)
    {
        json.WriteStartObject();
        json.WriteString("node", status.Node);
        json.WriteString("version", status.Version);
        json.WriteString("root", status.Root);
        json.WriteString("startedAt", status.StartedAt.ToDateTimeOffset());
        json.WriteNumber("podsRunning", status.PodsRunning);
        json.WriteNumber("podsTotal", status.PodsTotal);
        json.WriteStartArray("components");
        foreach (Component component in status.Components)
        {
            json.WriteStartObject();
            json.WriteString("name", component.Name);
            json.WriteBoolean("healthy", component.Healthy);
            json.WriteString("message", component.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("manifestErrors");
        foreach (string error in status.ManifestErrors)
        {
            json.WriteStringValue(error);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
