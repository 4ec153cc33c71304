using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using Noded.Protocols.Operator.V1;

namespace Noded.Commands;

/// <summary><c>noded flows</c>: connections to Services while they happen.</summary>
internal static class FlowsCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<uint> sample = new("--sample")
        {
            Description = "Show one of so many that were translated; what was refused or dropped always",
            DefaultValueFactory = _ => 1,
        };
        Command command = new("flows", "Print connections to Services as they are translated, refused or dropped") { root, sample };
        command.SetAction((parsed, cancellationToken) => OperatorConnection.CallAsync(parsed.Paths(root), async client =>
        {
            using AsyncServerStreamingCall<Flow> call = client.Flows(
                new FlowsRequest { Sample = parsed.GetRequiredValue(sample) }, cancellationToken: cancellationToken);
            await foreach (Flow flow in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                Console.WriteLine(Format(flow));
            }
        }));
        return command;
    }

    private static string Format(Flow flow)
    {
        string time = flow.Time.ToDateTimeOffset().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        string client = flow.Client.Length == 0 ? "?" : flow.Client;
        string service = flow.Service.Length == 0 ? "" : $" ({flow.Service})";
        string backend = flow.Backend.Length == 0 ? "" : $" → {flow.Backend}";
        return $"{time}  {flow.Verdict,-12}  {flow.Hook,-6}  {flow.Protocol}  {client} → {flow.Target}{service}{backend}";
    }
}
