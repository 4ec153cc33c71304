using System.CommandLine;
using Noded.Composition;

namespace Noded.Commands;

/// <summary><c>noded reset</c>: the inverse of <c>noded run</c>.</summary>
internal static class ResetCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<bool> keepManifests = new("--keep-manifests") { Description = "Leave /etc/kubernetes/manifests as it is" };
        Command command = new("reset", "Stop the daemon, all its pods and its containerd, and remove what they left")
        {
            root, keepManifests,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                await NodeReset.RunAsync(parsed.Paths(root), parsed.GetValue(keepManifests), Console.Out, cancellationToken);
                return 0;
            }
            catch (IOException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 1;
            }
        });
        return command;
    }
}
