using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using Noded.Protocols.Operator.V1;

namespace Noded.Commands;

/// <summary><c>noded events</c>: what the node reported about its pods and manifests.</summary>
internal static class EventsCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<bool> follow = new("--follow", "-f") { Description = "Go on with events as they come" };
        Command command = new("events", "Print the node's events, oldest first") { root, follow };
        command.SetAction((parsed, cancellationToken) => OperatorConnection.CallAsync(parsed.Paths(root), async client =>
        {
            using AsyncServerStreamingCall<Event> call = client.Events(
                new EventsRequest { Follow = parsed.GetValue(follow) }, cancellationToken: cancellationToken);
            await foreach (Event nodeEvent in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                string count = nodeEvent.Count > 1 ? $" (x{nodeEvent.Count})" : string.Empty;
                string time = nodeEvent.LastSeen.ToDateTimeOffset().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
                Console.WriteLine(
                    $"{time}  {nodeEvent.Type,-7}  {nodeEvent.Reason,-12}  {nodeEvent.Object}  {nodeEvent.Message}{count}");
            }
        }));
        return command;
    }
}
