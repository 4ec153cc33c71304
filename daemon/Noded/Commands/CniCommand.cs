using System.Collections.Immutable;
using System.CommandLine;
using Noded.Cni.Plugins;
using Noded.Cni.Plugins.Serving;
using Noded.Network;
using Noded.Primitives;

namespace Noded.Commands;

/// <summary><c>noded cni</c>: this binary as the machine's CNI plugins, for any runtime.</summary>
internal static class CniCommand
{
    private const int FlightCapacity = 256;

    internal static Command Create() => new("cni", "The CNI plugins that this binary is") { CreateInstall(), CreateServe() };

    private static Command CreateInstall()
    {
        Option<string> directory = new("--bin-dir")
        {
            Description = "Where the runtime looks for plugins",
            DefaultValueFactory = _ => "/opt/cni/bin",
        };
        Option<string> socket = SocketOption("Where the process that serves the plugins' calls listens, if there is one");
        Option<bool> force = new("--force") { Description = "Replace plugins of others, too" };
        Command command = new("install", "Make a link to this binary for each plugin") { directory, socket, force };
        command.SetAction(async (parsed, _) =>
        {
            string target = parsed.GetRequiredValue(directory);
            try
            {
                CniLinks links = new(
                    target, [.. PluginTable.Names], PluginServer.LinkName, Path.GetFullPath(parsed.GetRequiredValue(socket)));
                ImmutableArray<string> foreign = links.Install(Environment.ProcessPath!, parsed.GetValue(force));
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

    /// <summary>For machines whose node is another program; <c>noded run</c> serves by itself.</summary>
    private static Command CreateServe()
    {
        Option<string> socket = SocketOption("Where to listen");
        Command command = new("serve", "Do what the plugins are asked for in this process, which saves their start")
        {
            socket,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string path = Path.GetFullPath(parsed.GetRequiredValue(socket));
            try
            {
                Directory.CreateDirectory(
                    Path.GetDirectoryName(path)!,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                FlightRecorder flight = new(FlightCapacity, TimeProvider.System);
                PluginServer server = new(path, flight, TimeProvider.System);
                Task running = server.RunAsync(cancellationToken);

                if (await Task.WhenAny(running, server.Listening) == server.Listening)
                {
                    await Console.Out.WriteLineAsync($"Listening on {path}");
                }

                await running;
                return 0;
            }
            catch (OperationCanceledException)
            {
                return 0;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"Serve CNI calls: {e.Message}");
                return 1;
            }
        });
        return command;
    }

    private static Option<string> SocketOption(string description) => new("--socket")
    {
        Description = description,
        DefaultValueFactory = _ => new NodePaths("/").CniSocket,
    };
}
