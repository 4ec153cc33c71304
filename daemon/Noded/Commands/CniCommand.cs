using System.Collections.Immutable;
using System.CommandLine;
using Noded.Cni.Plugins;
using Noded.Network;

namespace Noded.Commands;

/// <summary><c>noded cni</c>: this binary as the machine's CNI plugins, for any runtime.</summary>
internal static class CniCommand
{
    internal static Command Create() => new("cni", "The CNI plugins that this binary is") { CreateInstall() };

    private static Command CreateInstall()
    {
        Option<string> directory = new("--bin-dir")
        {
            Description = "Where the runtime looks for plugins",
            DefaultValueFactory = _ => "/opt/cni/bin",
        };
        Option<bool> force = new("--force") { Description = "Replace plugins of others, too" };
        Command command = new("install", "Make a link to this binary for each plugin") { directory, force };
        command.SetAction(async (parsed, _) =>
        {
            string target = parsed.GetRequiredValue(directory);
            try
            {
                ImmutableArray<string> foreign = new CniLinks(target, [.. PluginTable.Names])
                    .Install(Environment.ProcessPath!, parsed.GetValue(force));
                foreach (string plugin in PluginTable.Names)
                {
                    await Console.Out.WriteLineAsync(
                        foreign.Contains(plugin) ? $"{plugin}: not ours, left as it is" : plugin);
                }

                return foreign.IsEmpty ? 0 : 1;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"Install CNI plugins in {target}: {e.Message}");
                return 1;
            }
        });
        return command;
    }
}
