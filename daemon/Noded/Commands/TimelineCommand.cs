using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using Noded.Protocols.Operator.V1;

namespace Noded.Commands;

/// <summary><c>noded timeline</c>: the flight recorder.</summary>
internal static class TimelineCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<bool> follow = new("--follow", "-f") { Description = "Go on with entries as they come" };
        Argument<string> subject = new("subject")
        {
            Description = "Only what is about this, for example \"pod default/web\"",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Command command = new("timeline", "Print what the node saw, decided and did, oldest first") { root, follow, subject };
        command.SetAction((parsed, cancellationToken) => OperatorConnection.CallAsync(parsed.Paths(root), async client =>
        {
            TimelineRequest request = new()
            {
                Follow = parsed.GetValue(follow),
                Subject = parsed.GetValue(subject) ?? string.Empty,
            };
            using AsyncServerStreamingCall<TimelineEntry> call = client.Timeline(request, cancellationToken: cancellationToken);
            await foreach (TimelineEntry entry in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                Console.WriteLine(Format(entry));
            }
        }));
        return command;
    }

    private static string Format(TimelineEntry entry)
    {
        string time = entry.Time.ToDateTimeOffset().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        double milliseconds = entry.Duration.ToTimeSpan().TotalMilliseconds;
        string took = milliseconds > 0
            ? string.Create(CultureInfo.InvariantCulture, $" ({milliseconds:0.0} ms)")
            : string.Empty;
        string cause = entry.Cause > 0 ? $" ← {entry.Cause}" : string.Empty;
        return $"{entry.Sequence,6}  {time}  {entry.Kind,-8}  {entry.Subject}  {entry.What}{took}{cause}";
    }
}
