using System.CommandLine;
using System.Globalization;
using Noded.Protocols.Operator.V1;
using Spectre.Console;

namespace Noded.Commands;

/// <summary><c>noded pods</c>: the node's pods as kubectl would show them.</summary>
internal static class PodsCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<string> output = CommonOptions.Output();
        Argument<string> pod = new("pod")
        {
            Description = "namespace/name, or a name in default; all pods when left out",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Command command = new("pods", "List the pods of this node") { root, output, pod };
        command.SetAction((parsed, cancellationToken) => OperatorConnection.CallAsync(parsed.Paths(root), async client =>
        {
            PodsResponse response = await client.PodsAsync(
                new PodsRequest { Pod = parsed.GetValue(pod) ?? string.Empty }, cancellationToken: cancellationToken);
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

    private static void WriteTable(PodsResponse response)
    {
        Table table = Screen.NewTable("NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP");
        foreach (Pod pod in response.Pods)
        {
            table.AddTextRow(
                pod.Namespace,
                pod.Name,
                $"{pod.Containers.Count(container => container.Ready)}/{pod.Containers.Count}",
                Status(pod),
                pod.Containers.Sum(container => container.RestartCount).ToString(CultureInfo.InvariantCulture),
                Screen.Age(pod.StartedAt, TimeProvider.System),
                pod.Ips.Count == 0 ? "<none>" : string.Join(',', pod.Ips));
        }

        Screen.Write(table);
    }

    /// <summary>As kubectl: a reason why the pod waits or has ended says more than its phase.</summary>
    private static string Status(Pod pod) =>
        pod.Containers.LastOrDefault(container => container.State != "running" && container.Reason.Length > 0)?.Reason
        ?? (pod.Reason.Length > 0 ? pod.Reason : pod.Phase);

    private static void WriteJson(PodsResponse response) => JsonOutput.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("apiVersion", "v1");
        json.WriteString("kind", "List");
        json.WriteStartArray("items");
        foreach (Pod pod in response.Pods)
        {
            json.WriteRawValue(pod.Json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
