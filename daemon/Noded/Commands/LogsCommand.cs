using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Noded.Protocols.Operator.V1;

namespace Noded.Commands;

/// <summary><c>noded logs</c>: what a container has written.</summary>
internal static class LogsCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<bool> follow = new("--follow", "-f") { Description = "Go on until the container ends" };
        Option<bool> previous = new("--previous", "-p") { Description = "The container's previous instance" };
        Option<bool> timestamps = new("--timestamps") { Description = "Show when each line was written" };
        Option<long> tail = new("--tail") { Description = "Only the last so many lines", DefaultValueFactory = _ => -1 };
        Option<TimeSpan?> since = CommonOptions.Since("Only lines of the last 90s, 5m, 2h, 1h30m");
        Option<DateTimeOffset?> sinceTime = CommonOptions.SinceTime("Only lines since then, as 2026-01-31T12:00:00Z");
        Option<long> limit = new("--limit-bytes") { Description = "End after so many bytes" };
        Option<string> container = new("--container", "-c")
        {
            Description = "Needed when the pod has several",
            DefaultValueFactory = _ => string.Empty,
        };
        Argument<string> pod = new("pod") { Description = "namespace/name, or a name in default" };
        Command command = new("logs", "Print the log of a container")
        {
            root, follow, previous, timestamps, tail, since, sinceTime, limit, container, pod,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(since) is { Implicit: false } && result.GetResult(sinceTime) is { Implicit: false })
            {
                result.AddError("At most one of --since and --since-time may be used.");
            }
        });
        command.SetAction((parsed, cancellationToken) => OperatorConnection.CallAsync(parsed.Paths(root), async client =>
        {
            LogsRequest request = new()
            {
                Pod = parsed.GetRequiredValue(pod),
                Container = parsed.GetRequiredValue(container),
                Follow = parsed.GetValue(follow),
                Previous = parsed.GetValue(previous),
                Timestamps = parsed.GetValue(timestamps),
                Tail = parsed.GetRequiredValue(tail),
                Since = (parsed.GetValue(sinceTime) ?? TimeProvider.System.GetUtcNow() - parsed.GetValue(since))?.ToTimestamp(),
                LimitBytes = parsed.GetValue(limit),
            };
            await using Stream output = Console.OpenStandardOutput();
            using AsyncServerStreamingCall<LogChunk> call = client.Logs(request, cancellationToken: cancellationToken);
            await foreach (LogChunk chunk in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                await output.WriteAsync(chunk.Content.Memory, cancellationToken);
                await output.FlushAsync(cancellationToken);
            }
        }));
        return command;
    }
}
