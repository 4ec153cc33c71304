using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Grpc.Core;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Probes;

/// <summary>A command in the container that has to end with 0 in time.</summary>
internal static class ExecProber
{
    /// <summary>More of the output is of no use, and an event has less.</summary>
    private const int MaxOutput = 10 * 1024;

    internal static async Task<ProbeOutcome> ProbeAsync(
        IRuntimeService runtime,
        ContainerId container,
        ImmutableArray<string> command,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        try
        {
            ExecResult result = await runtime.ExecSyncAsync(container, command, timeout, cancellationToken);
            string output = Output(result);
            return result.ExitCode == 0 ? ProbeOutcome.Success(output) : ProbeOutcome.Failure(output);
        }
        catch (RuntimeCallException e) when (e.Code == StatusCode.DeadlineExceeded)
        {
            return ProbeOutcome.Failure(string.Create(
                CultureInfo.InvariantCulture,
                $"command timed out: \"{string.Join(' ', command)}\" timed out after {timeout.TotalSeconds}s"));
        }
        catch (IOException e)
        {
            return ProbeOutcome.Error(e.Message);
        }
    }

    /// <summary>What the command wrote to stdout, then stderr.</summary>
    internal static string Output(ExecResult result)
    {
        ReadOnlySpan<byte> stdout = result.Stdout.Span;
        ReadOnlySpan<byte> stderr = result.Stderr.Span;
        stdout = stdout[..Math.Min(stdout.Length, MaxOutput)];
        stderr = stderr[..Math.Min(stderr.Length, MaxOutput - stdout.Length)];
        return Encoding.UTF8.GetString(stdout) + Encoding.UTF8.GetString(stderr);
    }
}
