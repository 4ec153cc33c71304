using System.CommandLine;
using Noded.Protocols.Operator.V1;

namespace Noded.Commands;

/// <summary><c>noded wait-idle</c>: returns when nothing is left to do.</summary>
internal static class WaitIdleCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Command command = new(
            "wait-idle", "Return once manifests and runtime were looked at and everything that followed is done") { root };
        command.SetAction((parsed, cancellationToken) => OperatorConnection.CallAsync(
            parsed.Paths(root),
            async client => await client.WaitIdleAsync(new WaitIdleRequest(), cancellationToken: cancellationToken)));
        return command;
    }
}
